"""Sets that sin when they are imported, or asked for their components."""

from __future__ import annotations

from tests.hostile.sin import Sin, code, layer, sin

__all__ = ["AT_IMPORT"]

OK = "def bpframe_components():\n    return []\n"

AT_IMPORT: dict[str, Sin] = {
    # What ends or stops the process that imports it.
    "exits_at_once": sin("import os\nos._exit(3)\n", "broken", reason="ends the process: exit status 3"),
    "exits_well": sin("import os\nos._exit(0)\n", "broken", reason="ends the process: exit status 0"),
    "kills_itself": sin(
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "broken", reason="ends the process: signal SIGKILL"
    ),
    "kills_its_group": sin(
        "import os, signal\nos.killpg(0, signal.SIGKILL)\n", "broken", reason="ends the process: signal SIGKILL"
    ),
    "hangs": sin(
        "import time\nwhile True:\n    time.sleep(0.1)\n",
        "broken",
        reason="did not end within 4 s, at line 3 of hostile_hangs.py",
    ),
    "exits_in_its_hook": sin(
        "import os\ndef bpframe_components():\n    os._exit(4)\n", "broken", reason="ends the process: exit status 4"
    ),
    # What raises.
    "imports_nothing": sin("import a_module_that_nobody_has\n", "broken", reason="a_module_that_nobody_has"),
    "exits": sin("raise SystemExit('bye')\n", "broken", reason="SystemExit: bye"),
    "interrupts": sin("raise KeyboardInterrupt\n", "broken", reason="KeyboardInterrupt"),
    "cannot_be_read": sin("def f(:\n", "broken", reason="SyntaxError"),
    "recurses": sin("def f():\n    f()\nf()\n", "broken", reason="RecursionError"),
    # What works, and is noticed.
    "is_slow": sin("import time\ntime.sleep(1.5)\n" + OK, warning="its import took "),
    "prints": sin(
        code("""
        import ctypes, os, subprocess, sys
        print("SPOILT by print")
        print("SPOILT by print", file=sys.stderr)
        os.write(1, b"SPOILT by os.write\\n")
        ctypes.CDLL(None).puts(b"SPOILT by C")
        subprocess.run([sys.executable, "-S", "-c", "print('SPOILT by a child')"])
        """)
        + OK,
        warning="it printed",
    ),
    "replaces_names": sin(
        code("""
        import builtins, json, numpy
        def spoilt(*arguments, **options):
            raise RuntimeError("SPOILT")
        numpy.exp = json.dumps = json.JSONEncoder = builtins.len = spoilt
        numpy.seterr(all="raise")
        """)
        + OK,
        warning="it replaced len, json.JSONEncoder, json.dumps and 1 more, which was put back",
    ),
    "goes_elsewhere": sin(
        "import os\nos.chdir('/')\n" + OK, warning="it changed the current folder, which was put back"
    ),
    "patches_pathlib": sin(
        "import pathlib\npathlib.Path.write_text = pathlib.Path.mkdir = None\n" + OK,
        warning="it replaced pathlib.Path.write_text, pathlib.Path.mkdir, which was put back",
    ),
    "patches_pydantic": sin(
        "import pydantic\npydantic.BaseModel.model_dump_json = lambda self, **options: '{}'\n" + OK,
        warning="it replaced pydantic.main.BaseModel.model_dump_json, which was put back",
    ),
    "sets_warnings_to_errors": sin(
        "import warnings\nwarnings.simplefilter('error')\n" + OK,
        warning="it set warnings to errors, which was put back",
    ),
    "lowers_limits": sin(
        "from resource import *\nsetrlimit(RLIMIT_FSIZE, (1000, getrlimit(RLIMIT_FSIZE)[1]))\n" + OK,
        warning="it changed what the process is allowed (rlimits), which was put back",
    ),
    "lowers_limits_for_good": sin(
        "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n" + OK,
        warning="it changed what the process is allowed (rlimits), which ",
    ),
    "takes_exit_away": sin("import sys\nsys.exit = None\n" + OK, warning="it replaced sys.exit, which was put back"),
    "says_goodbye": sin(
        code("""
        import atexit, sys
        @atexit.register
        def goodbye():
            print("SPOILT at the end", file=sys.stderr)
        """)
        + OK,
        warning="it has goodbye called when the process ends",
    ),
    "takes_signals": sin(
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.alarm(1)\n" + OK,
        warning="it took signals, which was put back",
    ),
    "changes_settings": sin(
        code("""
        import gc, os, sys
        os.umask(0o777)
        sys.setrecursionlimit(150)
        sys.set_int_max_str_digits(640)
        sys.settrace(lambda *event: None)
        gc.disable()
        """)
        + OK,
        warning="it traces every call, which was put back",
    ),
    "empties_the_environment": sin(
        "import os\nos.environ.clear()\n" + OK, warning="it changed the environment, which was put back"
    ),
    "replaces_modules": sin(
        "import sys\nsys.modules['json'] = sys.modules['numpy'] = sys.modules['hashlib'] = None\n" + OK,
        warning="it replaced modules that were imported before, which was put back",
    ),
    "starts_threads": sin(
        code("""
        import sys, threading, time
        def forever():
            time.sleep(1)
            while True:
                print("SPOILT by a thread", file=sys.__stdout__, flush=True)
                time.sleep(0.05)
        threading.Thread(target=forever, name="restless").start()
        """)
        + OK,
        warning="it started 1 thread: restless",
    ),
    "replaces_stdout": sin("import io, sys\nsys.stdout = sys.stderr = io.StringIO()\n" + OK),
    "closes_stdout": sin("import os\nos.close(1)\n" + OK),
    # What its hooks are, or return.
    "misspells": sin(
        "def bpframe_componets():\n    return []\n", "broken", reason="did you mean 'bpframe_components'?"
    ),
    "returns_rubbish": sin("def bpframe_components():\n    return {1: 2}\n", "broken", reason="of type dict"),
    "lists_rubbish": sin("def bpframe_components():\n    return [dict]\n", "broken", reason="which is no component"),
    "needs_another_contract": sin(
        "BPFRAME_CONTRACT = 99\n" + OK, "broken", reason="needs version 99 of the contract, this bpframe offers 1 and 2"
    ),
    "needs_no_contract": sin(
        "class Rude:\n    def __repr__(self):\n        raise SystemExit\nBPFRAME_CONTRACT = Rude()\n" + OK, "broken"
    ),
    "lies_about_ancestors": sin(
        code("""
        from bpframe.extend import Activation
        class Fake:
            kind = "fake"
            def forward(self, x): return x
            def jacobian(self, x): return x
        Activation.register(Fake)
        def bpframe_components():
            return [Fake]
        """),
        "broken",
        reason="the class Fake, which is no component",
    ),
    "lies_by_metaclass": sin(
        code("""
        from bpframe.extend import Activation
        class Liar(type(Activation)):
            def __instancecheck__(cls, instance): return True
            def __eq__(cls, other): return True
            def __hash__(cls): raise RuntimeError("no hash")
        """)
        + layer().replace("(Activation):", "(Activation, metaclass=Liar):"),
        "broken",
        reason="has a metaclass of its own, Liar",
    ),
    "lies_about_its_class": sin(
        code("""
        class Liar:
            @property
            def __class__(self): return type
        def bpframe_components():
            return [Liar()]
        """),
        "broken",
        reason="bpframe_components()[0] is of type Liar",
    ),
    "watches_badly": sin(
        code("""
        def bpframe_after_epoch(epoch):
            raise SystemExit("no more epochs")
        def bpframe_after_checkpoint(path):
            raise RuntimeError("no run for you")
        """)
    ),
}
