"""What can be tried at once?

Whole small works: each a folder with a spec, a script and, where it needs them, data. They lie in
the package, so that a wheel has them: `bpframe demo NAME` runs one, `bpframe new --template` begins a project with
one, and the site shows the same files. The scripts are no modules of bpframe: like a user's they may import plugin
sets. Start with `example.py`.
"""

from bpframe.examples.example import Example, example_named, examples

__all__ = ["Example", "example_named", "examples"]
