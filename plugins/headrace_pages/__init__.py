"""The pages and their JSON interface behind Airflow's login: a door, without process mining in it."""
