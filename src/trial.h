/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node tried on the examples of its own descriptor, with nothing written for it: what every
 * plugin has to keep to, whoever wrote it.
 *
 * Each check of each example runs in a process of its own, so that a plugin that crashes or never
 * ends spoils nothing but its own verdict. What is found is a list, not an abort.
 *
 * What it does not see: writes that jump over the 64 floats of a guard into memory that is there;
 * a gradient that is wrong by less than about 0.4 % of its length along a direction; races that no
 * run happens to lose; malloc in passes with another C library than glibc (2.33 or later), unless
 * the address sanitizer watches; whether what a loader, an evaluator or a metric says is true.
 */
#ifndef FORNIX_TRIAL_H
#define FORNIX_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "registry.h"

typedef enum {
    TRIAL_DESCRIPTOR, /* its tables make sense, all is documented, defaults lie in their ranges */
    TRIAL_EXAMPLE,    /* there is one, it loads, and it can be tried */
    TRIAL_ENDS,       /* it neither crashes nor runs for ever */
    TRIAL_WRITES,     /* all of what it has to write, nothing beside it, none of what it reads */
    TRIAL_REPEATS,    /* the same bits again: nothing is hidden, nothing unwritten is read */
    TRIAL_GRAINS,     /* the same bits however grains are cut and ordered, whatever else is asked */
    TRIAL_MEMORY,     /* passes allocate nothing, close frees what open took */
    TRIAL_GRADIENT,   /* backward against central differences of forward */
    TRIAL_THREADS,    /* the same bits on one and on four threads, through the engine */
    TRIAL_SHARED,     /* gradients of what is used twice are the sum of both, through the engine */
    TRIAL_FUSED,      /* it computes what the chain computes that it replaces */
    TRIAL_TANGENT,    /* what <gradient> makes of it has the slopes that it says */
    TRIAL_UPDATE,     /* an optimizer goes downhill, a schedule stays within 0 to 1 */
    TRIAL_TABLE,      /* a node of tables makes the same of the same, and reads whole tensors */
    TRIAL_CHECKS
} TrialCheck;

const char *trial_check_name(TrialCheck check);
const char *trial_check_promise(TrialCheck check); /* what holds where nothing was found */

typedef struct TrialFinding {
    TrialCheck check;
    const char *line; /* the example; NULL: of none */
    size_t length;    /* of the line */
    char text[1100];
} TrialFinding;

typedef struct TrialReport {
    const char *node;
    const char *family;  /* "refused" where it does not load */
    unsigned checked;    /* bit c: check c applies and was begun */
    unsigned unfinished; /* bit c: in some example what failed before, or a crash, ended check c */
    unsigned skipped;    /* bit c: check c could not be made, and note says why */
    char note[300];
    int examples;
    TrialFinding *findings; /* a check's first in each example */
    int finding_count;
} TrialReport;

/* With what trials need beside the nodes. Plugins of one's own are added to it. */
Registry *trial_registry(void);

/* Whether the node can be loaded without a crash, which a process of its own tries; false and a
 * finding in the report. */
bool trial_loads(Registry *registry, const char *name, TrialReport *report);
/* Tries the node of that name; that many processes at a time. Frees with trial_report_free. */
TrialReport *trial_run(Registry *registry, const char *name, int processes);
void trial_report_free(TrialReport *report);

/* `fornix test-node`: names and files of nodes, none for all that are found. Prints; the exit code
 * of the program. */
int trial_nodes(const char *const *words, size_t count);

#endif
