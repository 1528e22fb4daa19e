/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The language of graphs and of sweeps as a RELAX NG schema, for editors and validators.
 *
 * Made of the same tables as parsing and help: those of the language and of all plugins that are
 * found. A schema knows nothing of what names refer to, of kinds and shapes: `fornix check` does.
 */
#ifndef FORNIX_SCHEMA_H
#define FORNIX_SCHEMA_H

#include <stdio.h>

#include "registry.h"

/* RELAX NG in its XML syntax, with docs as annotations. Plugins that do not load are left out. */
void schema_write(FILE *out, Registry *registry);

#endif
