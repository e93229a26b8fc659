"""Training and hosting on AWS: a frozen plan from config and from what exists, its price, and its application."""
