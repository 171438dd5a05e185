// Runs a Python file under CPython 3.14 on wasm32, as Pyodide brings it.
//
//   node pyodide_run.mjs '{"package": ..., "script": ..., "args": [...],
//                          "folders": [...], "path": [...], "seed": ...}'
//
// package: the folder of the npm package; folders: of this machine, seen under the same
// names inside; path: added to sys.path; seed: of hashes.
// tests/support/pyodide.py writes this line. Output goes where the process's own goes,
// and the exit code is Python's.

import { existsSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const job = JSON.parse(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(`${job.package}/pyodide.mjs`).href);

// Python takes five seconds to start, and half a second to go on from its memory as it
// was after a start under this hash seed. npm removes that memory with the package.
const started = `${job.package}/seed-${job.seed}.memory`;
if (!existsSync(started)) {
  const python = await loadPyodide({
    indexURL: job.package,
    env: { PYTHONHASHSEED: job.seed },
    _makeSnapshot: true,
  });
  const written = `${started}.${process.pid}`;
  writeFileSync(written, python.makeMemorySnapshot());
  renameSync(written, started);
}
const python = await loadPyodide({
  indexURL: job.package,
  _loadSnapshot: readFileSync(started),
});

// Pyodide's own way cuts the output into lines and loses what follows the last one.
const to = (fd) => ({ write: (bytes) => writeSync(fd, bytes) });
python.setStdout(to(1));
python.setStderr(to(2));

for (const folder of job.folders) {
  python.FS.mkdirTree(folder);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, folder);
}

python.globals.set("job", python.toPy(job));
process.exitCode = python.runPython(`
import runpy, sys, traceback

sys.argv = [job["script"], *job["args"]]
sys.path += job["path"]
exit_code = 0
try:
    runpy.run_path(job["script"], run_name="__main__")
except SystemExit as error:
    if isinstance(error.code, str):
        print(error.code, file=sys.stderr)
    exit_code = error.code if isinstance(error.code, int) else int(bool(error.code))
except BaseException:
    traceback.print_exc()
    exit_code = 1
sys.stdout.flush()
sys.stderr.flush()
exit_code
`);
