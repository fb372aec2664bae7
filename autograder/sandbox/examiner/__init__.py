"""The examiner: a confined process that holds the tests of a notebook, and no student's code.

The student's names are plain values in it, or stand-ins that ask over the channel.
"""
