/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole nets against PyTorch: the train stages of tests/values/parity-*.xml run as a user's would,
 * from the fixture's weights and on its samples; every loss of every step and every weight and
 * running statistic at the end is compared. */
#include <jansson.h>
#include <unistd.h>

#include "fixture.h"
#include "tables.h"

#include "../src/example.h"
#include "../src/file.h"
#include "../src/train.h"

/* Of the loss; and of how far a tensor has come, in all steps together. Rounding in single
 * precision (6e-8) grows some hundredfold in the sums of a layer and the steps that follow. */
static const double loss_tolerance = 1e-5, weight_tolerance = 3e-4;
/* A tensor that hardly moves is judged by this share of the way of the one that moves most: biases
 * in front of a norm have no gradient but what rounding leaves. */
static const double still = 0.1;

static const char *const graphs[] = {"parity-updates", "parity-unet3d",  "parity-unet2d",
                                     "parity-tiles",   "parity-acgan",   "parity-acgan-maps",
                                     "parity-gan",     "parity-gan-maps"};

typedef struct {
    const char *name;
    SafeFile *file;
    Made made;
    Diag *diag;
    Example columns; /* what the fixture calls samples */
    const FornixTable *table;
    NetDefinition nets[8];
    int net_count;
    char folder[200];
} Trial;

/* ---- Samples ---- */

static bool sample_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                        FornixError *error)
{
    const SafeFile *file = opened;
    char name[64];
    snprintf(name, sizeof name, "samples/%s", fornix_column(table, column)->name);
    return safetensors_read(file, (size_t)safetensors_find(file, name), row, 1, out, error);
}

static void stays_open(void *opened)
{
    (void)opened;
}

static void set_labels(const Trial *t, FornixBuild *build, int column, const Given *given)
{
    char name[64];
    snprintf(name, sizeof name, "samples/%s", given->name);
    float *labels = fixture_floats(t->file, name, given->shape.n);
    for (int64_t row = 0; row < given->shape.n; row++)
        fornix_set_label(build, column, row, (int32_t)labels[row]);
    mem_free(labels);
}

/* The table `given` of the graph, all its rows to be trained on. */
static void make_table(Trial *t)
{
    BuildRequest request = {.id = "given", .mistake = made_mistake, .context = &t->made};
    FornixBuild *build = build_new(t->made.samples, &request);
    FornixError error = {0};
    const char *samples = safetensors_text(t->file, "samples");
    ck_assert_msg(example_make(&t->columns, "samples", samples, "", &error), "%s", error.text);
    for (int k = 0; k < t->columns.given_count; k++) {
        const Given *given = &t->columns.given[k];
        FornixColumn column = {.name = given->name,
                               .kind = given->kind,
                               .shape = given->shape,
                               .classes = given->classes,
                               .class_names = given->kind == FORNIX_LABEL ? made_grades : NULL};
        column.shape.n = 1;
        fornix_add_column(build, &column);
    }
    for (int64_t row = 0; row < t->columns.given[0].shape.n; row++) {
        char subject[32];
        snprintf(subject, sizeof subject, "given/%ld", (long)row);
        fornix_add_row(build, &(FornixRow){subject, "", FORNIX_REAL_SAMPLE, FORNIX_TRAIN});
    }
    for (int k = 0; k < t->columns.given_count; k++)
        if (t->columns.given[k].kind == FORNIX_LABEL)
            set_labels(t, build, k, &t->columns.given[k]);
    build_set_reader(build,
                     &(TableReader){.read = sample_read, .close = stays_open, .opened = t->file});
    ck_assert_msg(build_rows(build), "%s", t->made.mistake);
    t->table = build_table(build);
    build_free(build);
}

/* "given.feature" */
static bool find_like(void *context, const char *column, FornixLike *like, FornixError *error)
{
    const char *dot = strchr(column, '.');
    AttrResolver resolver = example_resolver(context);
    return resolver.like(context, dot ? dot + 1 : column, like, error);
}

/* ---- What came out ---- */

static const char *same_file(void *context, const char *source)
{
    (void)context;
    return source;
}

static double way_of(const Trial *t, const char *stage, const char *weight, int64_t floats,
                     float **after)
{
    char name[200];
    snprintf(name, sizeof name, "%s/%s", stage, weight);
    *after = fixture_floats(t->file, name, floats);
    float *way = fixture_floats(t->file, weight, floats);
    for (int64_t i = 0; i < floats; i++)
        way[i] -= (*after)[i];
    double most = largest(way, floats);
    mem_free(way);
    return most;
}

/* Returns how many tensors there are. */
static int weights_compare(const Trial *t, const char *stage)
{
    FornixError error = {0};
    char *path = file_join(t->folder, "weights.safetensors");
    SafeFile *file = safetensors_open(path, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    double longest = 0, way;
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < safetensors_count(file); k++) {
            const SafeTensor *tensor = safetensors_tensor(file, k);
            int64_t floats = safetensors_rows(tensor) * safetensors_row_size(tensor);
            float *after, *got = fixture_floats(file, tensor->name, floats);
            way = way_of(t, stage, tensor->name, floats, &after);
            longest = fmax(longest, way);
            if (pass == 1)
                floats_near(tensor->name, got, after, floats, fmax(way, still * longest),
                            weight_tolerance);
            mem_free(after);
            mem_free(got);
        }
    ck_assert(longest > 0);
    int count = (int)safetensors_count(file);
    safetensors_close(file);
    mem_free(path);
    return count;
}

/* Returns how many losses a step has. */
static int losses_compare(const Trial *t, const char *stage, int64_t steps)
{
    FornixError error = {0};
    char *path = file_join(t->folder, "metrics.jsonl"), *rest = NULL, name[200];
    char *text = file_read(path, 1 << 20, NULL, &error);
    ck_assert_msg(text != NULL, "%s", error.text);
    int64_t step = 0;
    int losses = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_t *json = json_loads(line, 0, NULL), *value;
        const char *key;
        losses = 0;
        json_object_foreach(json, key, value)
        {
            if (strcmp(key, "step") == 0 || strcmp(key, "epoch") == 0)
                continue;
            snprintf(name, sizeof name, "%s/loss.%s", stage, key);
            float *wanted = fixture_floats(t->file, name, steps);
            float loss = (float)json_number_value(value);
            snprintf(name, sizeof name, "%s in step %ld", key, (long)step + 1);
            floats_near(name, &loss, wanted + step, 1, fabs((double)wanted[step]), loss_tolerance);
            mem_free(wanted);
            losses++;
        }
        json_decref(json);
        step++;
    }
    ck_assert_int_eq(step, steps);
    mem_free(text);
    mem_free(path);
    return losses;
}

/* ---- Stages ---- */

typedef struct {
    Trial *trial;
    Stage *stage;
} Job;

static void run_stage(void *context, Team *team)
{
    const Job *job = context;
    static const atomic_bool never;
    FornixError error = {0};
    Meter *meter = meter_new(NULL, false);
    StageRun run = {.team = team,
                    .stage = job->stage,
                    .samples = job->trial->table,
                    .folder = job->trial->folder,
                    .weights_file = same_file,
                    .meter = meter,
                    .stop = &never};
    ck_assert_msg(train_run(&run, &error), "%s", error.text);
    figures_clear(&run.figures);
    meter_free(meter);
}

static void stage_compare(Trial *t, const Element *element)
{
    AttrResolver resolver = example_resolver(&t->columns);
    resolver.like = find_like;
    StageContext context = {.registry = t->made.registry,
                            .nets = t->nets,
                            .net_count = t->net_count,
                            .resolver = &resolver,
                            .diag = t->diag};
    FornixError error = {0};
    Stage *stage = stage_new(STAGE_TRAIN, element, t->table, &context);
    if (diag_errors(t->diag))
        diag_print(t->diag, stdout, false);
    ck_assert_ptr_nonnull(stage);
    snprintf(t->folder, sizeof t->folder, "%s/fornix-parity.XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(t->folder));
    if (getenv("SHOW_ERRORS"))
        printf("%s, %s\n", t->name, stage->id);
    Job job = {t, stage};
    team_run(2, run_stage, &job);
    char prefix[100];
    snprintf(prefix, sizeof prefix, "%s/", stage->id);
    int losses = losses_compare(t, stage->id, stage->train->steps);
    ck_assert_int_gt(losses, 0);
    ck_assert_int_eq(losses + weights_compare(t, stage->id), fixture_count(t->file, prefix));
    ck_assert(file_remove(t->folder, &error));
    stage_free(stage);
}

START_TEST(stages)
{
    Trial *t = mem_new(1, sizeof *t);
    char name[100], path[4096];
    t->name = graphs[_i];
    snprintf(name, sizeof name, "%s.safetensors", t->name);
    t->file = fixture_open(name);
    t->diag = diag_new();
    made_start(&t->made);
    make_table(t);
    snprintf(name, sizeof name, "%s.xml", t->name);
    fixture_path(path, sizeof path, name);
    const Expansion *graph =
        expand_file(&(ExpandRequest){path, NULL, 0, {NULL, NULL}}, t->diag, t->made.arena);
    ck_assert(graph && graph->sound);
    int count = 0;
    for (const Element *e = graph->root->first; e; e = e->next)
        if (strcmp(e->name, "net") == 0)
            t->nets[t->net_count++] = (NetDefinition){e->id, e};
    for (const Element *e = graph->root->first; e; e = e->next)
        if (strcmp(e->name, "train") == 0) {
            stage_compare(t, e);
            count++;
        }
    ck_assert_int_gt(count, 0);
    made_stop(&t->made);
    example_close(&t->columns);
    diag_free(t->diag);
    safetensors_close(t->file);
    mem_free(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parity of nets");
    TCase *tests = tcase_create("nets");
    tcase_add_loop_test(tests, stages, 0, COUNT(graphs));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
