"""The obvious algorithm of each benchmark, to time and check the package against.

Written from the public descriptions of the benchmarks, with nothing of the package but tables of
classes. Each module is a program: ``python -m benchmarks.plain.NAME GT PRED`` prints its figures
as JSON, under the names that the package gives them.
"""
