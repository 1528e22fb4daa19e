/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer under a <gradient>: what the engine makes of its tangent, against differences of
 * gradients.
 *
 * The gradient is that of a sum of squares, so that it depends on what the layer gives, and a wrong
 * tangent of one that is linear shows too. */
#include "base.h"
#include "trial_parts.h"

static void write_gradients(const Example *example, Text *text)
{
    text_add(text, "<trial_measure id=\"s\" x=\"u/t u/t\" product=\"yes\"/>");
    for (int k = 0; k < example->given_count; k++)
        if (example->given[k].source)
            text_format(text, "<gradient id=\"g%d\" of=\"s\" by=\"given/%s\"/>", k,
                        example->given[k].name);
    text_add(text, "<trial_measure id=\"l\" x=\"");
    for (int k = 0; k < example->given_count; k++)
        if (example->given[k].source)
            text_format(text, " g%d", k);
    text_add(text, "\"/>");
}

static bool open_gradients(Trial *trial, Example *example)
{
    if (!trial_open(trial, example, &(ExampleSetting){.sources = true}))
        return false;
    Text behind = {0};
    write_gradients(example, &behind);
    example_close(example);
    bool fine = trial_open(trial, example,
                           &(ExampleSetting){.behind = text_value(&behind), .sources = true});
    text_free(&behind);
    return fine;
}

void trial_tangents(Trial *trial)
{
    Example example;
    Fault fault = {.check = TRIAL_EXAMPLE, .text = "the engine fails to run it"};
    if (open_gradients(trial, &example)) {
        trial_checks(trial, TRIAL_TANGENT);
        bool fine = false;
        for (uint64_t point = 0; point < POINTS && !fine; point++)
            fine = machine_slopes(trial, &example, point, "under a <gradient>", &fault);
        if (!fine)
            trial_fail(trial, TRIAL_TANGENT, "%s", fault.text);
    }
    example_close(&example);
}
