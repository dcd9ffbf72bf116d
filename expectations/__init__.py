"""Great Expectations suites: what an event log must be before it is mined."""
