"""What is asked: cases, loads, budgets, and the plan file that lists them. Pure: no pytest, no AWS, no clock."""
