"""What a student has earned: verdict files, marks by people, and what follows from both."""
