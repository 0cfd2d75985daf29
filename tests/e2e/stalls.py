"""A disk that hangs under rank 0, for tests that start ranks."""

import subprocess

STALL = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
static int calls = 0;
int fdatasync(int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    const char* rank = getenv("PMIX_RANK");
    if (rank != NULL && rank[0] == '0' && rank[1] == 0 && ++calls == 2) {
        close(creat(getenv("STALLED"), 0600));
        sleep(atoi(getenv("STALL_S")));
    }
    return real(file);
}
"""


def hanging_disk(folder, seconds):
    """(environment, file): one fdatasync of rank 0 hangs for `seconds`, and makes the file when it begins."""
    (folder / "stall.c").write_text(STALL)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "stall.so", "stall.c", "-ldl"], cwd=folder, check=True)
    stalled = folder / "stalled"
    return {"LD_PRELOAD": str(folder / "stall.so"), "STALL_S": str(seconds), "STALLED": str(stalled)}, stalled
