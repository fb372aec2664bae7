"""Values -> verdicts: the words of checks, the judge, mistakes planted in the reference, the dataset."""
