/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "usage.h"

#include <string.h>

/* Behind the option's word; NULL: the command does not take it. */
static const char *find(const Command *command, const char *option)
{
    size_t length = strlen(option);
    for (const char *at = command->arguments; (at = strstr(at, option)); at++)
        if ((at == command->arguments || strchr(" [", at[-1])) && strchr(" ]", at[length]))
            return at + length;
    return NULL;
}

bool usage_takes(const Command *command, const char *option)
{
    return find(command, option) != NULL;
}

const char *usage_value(const Command *command, const char *option, size_t *length)
{
    const char *at = find(command, option);
    if (!at || *at != ' ')
        return NULL;
    *length = strcspn(at + 1, " ]");
    return *length ? at + 1 : NULL;
}
