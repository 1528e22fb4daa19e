/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder of its own for a test program: made before its suite runs, removed after it. */
#ifndef FORNIX_TESTS_FOLDER_H
#define FORNIX_TESTS_FOLDER_H

#include <check.h>
#include <stdlib.h>

#include "../src/base.h"
#include "../src/file.h"

static char folder[] = "test-folder-XXXXXX";

/* A path in it, to be freed with mem_free. */
static inline char *in_folder(const char *name)
{
    return file_join(folder, name);
}

/* What main returns. */
static inline int folder_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed = 1;
    if (mkdtemp(folder)) {
        FornixError error = {0};
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner) != 0 || !file_remove(folder, &error);
    }
    srunner_free(runner);
    return failed;
}

#endif
