/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Failures of tasks as files, so that neither another process nor the next start tries in vain. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "sweep_parts.h"

static char *failure_path(const Sweep *sweep, const SweepTask *task)
{
    char name[HASH_TEXT + 8] = "";
    hash_text(task->key, name);
    strcat(name, ".json");
    char *folder = file_join(sweep->folder, "failures"), *path = file_join(folder, name);
    mem_free(folder);
    return path;
}

bool failure_note(const Sweep *sweep, const SweepTask *task, const char *text, FornixError *error)
{
    json_t *root = json_object();
    json_object_set_new(root, task->id ? "stage" : "job",
                        json_string(task->id ? task->id : sweep->jobs[task->job].name));
    json_object_set_new(root, "message", json_string(text));
    char *content = json_dumps(root, JSON_INDENT(1)), *path = failure_path(sweep, task);
    bool fine = content && file_write(path, content, strlen(content), error);
    free(content);
    mem_free(path);
    json_decref(root);
    return fine;
}

char *failure_read(const Sweep *sweep, const SweepTask *task)
{
    FornixError error = {0};
    char *path = failure_path(sweep, task);
    char *content = file_exists(path) ? file_read(path, 1 << 20, NULL, &error) : NULL;
    json_t *root = content ? json_loads(content, 0, NULL) : NULL;
    const char *text = json_string_value(json_object_get(root, "message"));
    char *message = mem_text(text);
    json_decref(root);
    mem_free(content);
    mem_free(path);
    return message;
}

bool failure_forget(const Sweep *sweep, const SweepTask *task, FornixError *error)
{
    char *path = failure_path(sweep, task);
    bool fine = file_remove(path, error);
    mem_free(path);
    return fine;
}
