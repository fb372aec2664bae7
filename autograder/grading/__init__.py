"""A submission, then a class: run, judge, record; workers, kept answers, calibration, appeals."""
