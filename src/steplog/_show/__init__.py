"""What people see of anything that looks like a run: trees, pages, tables of numbers as words."""
