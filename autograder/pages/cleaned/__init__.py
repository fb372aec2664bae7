"""What a student wrote and pictured, made safe to look at."""
