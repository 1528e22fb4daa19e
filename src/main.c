/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fornix program: everything is in the library, so that tests reach all of it. */
#include "command.h"

int main(int count, char **words)
{
    return command_main(count, words);
}
