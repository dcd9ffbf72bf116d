"""The site: one folder of static HTML per process and night, and the lists that lead to them."""
