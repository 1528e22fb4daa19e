/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker's process: a run of a job, or of one up to a stage, with a log of its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "crash.h"
#include "file.h"
#include "sweep_parts.h"

static char *log_path(const Sweep *sweep, const SweepTask *task)
{
    char name[400], key[HASH_TEXT];
    hash_text(task->key, key);
    snprintf(name, sizeof name, "%.300s-%.8s.log", task->id ? task->id : "", key);
    char *folder = task->uses == 1 ? sweep_job_folder(sweep, &sweep->jobs[task->job])
                                   : file_join(sweep->folder, "shared");
    FornixError error = {0};
    file_make_folders(folder, &error); /* else opening the log fails */
    char *path = file_join(folder, task->uses == 1 ? "log.txt" : name);
    mem_free(folder);
    return path;
}

static bool open_log(const Sweep *sweep, const SweepTask *task)
{
    char *path = log_path(sweep, task);
    int nothing = open("/dev/null", O_RDONLY);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    mem_free(path);
    return nothing >= 0 && log >= 0 && dup2(nothing, 0) == 0 && dup2(log, 1) == 1 &&
           dup2(log, 2) == 2;
}

/* The last thing that a job leaves: where it is, all is. */
static bool sign_job(const SweepJob *job, const char *folder, FornixError *error)
{
    char key[HASH_TEXT];
    hash_text(job->key, key);
    json_t *root = json_object();
    json_object_set_new(root, "job", json_string(job->name));
    json_object_set_new(root, "key", json_string(key));
    char *text = json_dumps(root, JSON_INDENT(1)), *path = file_join(folder, "job.json");
    bool fine = text && file_write(path, text, strlen(text), error);
    mem_free(path);
    free(text);
    json_decref(root);
    return fine;
}

static int work(const Sweep *sweep, const SweepTask *task, FornixError *error)
{
    const SweepJob *job = &sweep->jobs[task->job];
    char *folder = sweep_job_folder(sweep, job);
    RunRequest request = {.path = sweep->graph,
                          .settings = job->settings,
                          .setting_count = job->setting_count,
                          .folder = folder,
                          .target = task->id,
                          .after = task->id ? NULL : sweep->request->after_job,
                          .threads = task->threads,
                          .sharers = (int)sweep->workers,
                          .failure = error};
    int code = run_experiment(&request);
    if (code == EXIT_FINE && !task->id && !sign_job(job, folder, error))
        code = EXIT_RUN;
    mem_free(folder);
    return code;
}

static void be_child(const Sweep *sweep, const SweepTask *task, pid_t parent, int message)
{
    FornixError error = {0};
    setpgid(0, 0); /* a terminal's Ctrl-C comes from the parent, once */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_RUN);
    int code = EXIT_RUN;
    crash_tell(message);
    if (open_log(sweep, task))
        code = work(sweep, task, &error);
    else
        fornix_fail(&error, "its log can't be written: %s", strerror(errno));
    if (code != EXIT_FINE && !*error.text)
        fornix_fail(&error, "the input is wrong: its log says where");
    if (code != EXIT_FINE) {
        ssize_t wrote = write(message, error.text, strlen(error.text)); /* fits into a pipe */
        (void)wrote;
    }
    fflush(NULL);
    _exit(code);
}

int sweep_child(const Sweep *sweep, const SweepTask *task, int *message, FornixError *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fornix_fail(error, "no pipe: %s", strerror(errno));
        return -1;
    }
    fflush(NULL);
    pid_t parent = getpid(), child = fork();
    if (child == 0)
        be_child(sweep, task, parent, ends[1]);
    close(ends[1]);
    if (child < 0) {
        fornix_fail(error, "no process: %s", strerror(errno));
        close(ends[0]);
    }
    *message = ends[0];
    return child;
}
