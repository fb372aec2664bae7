"""What people read: graded notebooks, feedback, the class report, similar answers."""
