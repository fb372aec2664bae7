"""The guest: what runs beside a student's code, inside the sandbox. It holds no secret.

Only these files and an assignment's probes are visible in there. They import the standard library,
numpy and IPython, and nothing of the rest of the kit.
"""
