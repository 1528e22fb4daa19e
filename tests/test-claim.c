/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Claims: one owner, whoever asks; the dead are followed, the living are not. Patterns of names. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "sweep_parts.h"

static ClaimResult take(const char *key, SweepClaim **claim)
{
    FornixError error = {0};
    ClaimResult result = claim_take(folder, key, claim, &error);
    ck_assert_msg(result != CLAIM_BROKEN, "%s", error.text);
    return result;
}

/* A claim of another machine, whose last sign of life is so old. */
static void write_foreign(const char *name, int seconds)
{
    FornixError error = {0};
    const char owner[] = "elsewhere/boot/pid 1 1\n";
    char *path = in_folder(name);
    ck_assert(file_write(path, owner, strlen(owner), &error));
    struct timespec times[2] = {{.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    mem_free(path);
}

START_TEST(one_owner)
{
    SweepClaim *first = NULL, *second = NULL;
    ck_assert_int_eq(take("one", &first), CLAIM_MINE);
    ck_assert_int_eq(take("one", &second), CLAIM_BUSY);
    ck_assert_int_eq(take("other", &second), CLAIM_MINE);
    claim_leave(second);
    claim_leave(first);
    ck_assert_int_eq(take("one", &first), CLAIM_MINE);
    claim_leave(first);
}
END_TEST

START_TEST(dead_process)
{
    pid_t child = fork();
    if (child == 0) {
        SweepClaim *claim = NULL;
        _exit(take("dead", &claim) != CLAIM_MINE);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    SweepClaim *mine = NULL, *other = NULL;
    ck_assert_int_eq(take("dead", &mine), CLAIM_MINE); /* at once, though its time is new */
    ck_assert_int_eq(take("dead", &other), CLAIM_BUSY);
    claim_leave(mine);
    ck_assert_int_eq(take("dead", &mine), CLAIM_MINE);
    claim_leave(mine);
}
END_TEST

START_TEST(living_process)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        SweepClaim *claim = NULL;
        char done = take("living", &claim) == CLAIM_MINE;
        ck_assert(write(ends[1], &done, 1) == 1);
        pause();
    }
    char done = 0;
    ck_assert(read(ends[0], &done, 1) == 1 && done);
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    char *path = in_folder("living.0");
    ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
    SweepClaim *claim = NULL;
    ck_assert_int_eq(take("living", &claim), CLAIM_BUSY); /* it is there, however silent */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(take("living", &claim), CLAIM_MINE);
    claim_leave(claim);
    mem_free(path);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(other_machine)
{
    SweepClaim *claim = NULL;
    write_foreign("far.0", 30);
    ck_assert_int_eq(take("far", &claim), CLAIM_BUSY);
    write_foreign("far.0", 90);
    ck_assert_int_eq(take("far", &claim), CLAIM_MINE);
    write_foreign("far.1", 30);
    SweepClaim *other = NULL;
    ck_assert_int_eq(take("far", &other), CLAIM_BUSY); /* the last one counts */
    claim_leave(claim);
}
END_TEST

enum { RIVALS = 8 };

/* What a dead one had is a pipe here: all rivals have found it and wait for what is in it, before
 * the first of them may go on. Just one may get it. */
START_TEST(rivals)
{
    int answers[2], owners = 0;
    pid_t children[RIVALS];
    char *path = in_folder("race.0"), mine;
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}}, moment = {.tv_nsec = 3e8};
    ck_assert_int_eq(pipe(answers), 0);
    ck_assert_int_eq(mkfifo(path, 0666), 0);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
    for (int r = 0; r < RIVALS; r++)
        if ((children[r] = fork()) == 0) {
            SweepClaim *claim = NULL;
            mine = take("race", &claim) == CLAIM_MINE;
            _exit(write(answers[1], &mine, 1) == 1 && pause());
        }
    nanosleep(&moment, NULL);
    fcntl(answers[0], F_SETFL, O_NONBLOCK);
    for (int told = 0; told < RIVALS;) {
        int writer = open(path, O_WRONLY | O_NONBLOCK); /* lets go of those who wait now */
        if (writer >= 0)
            close(writer);
        while (read(answers[0], &mine, 1) == 1) {
            told++;
            owners += mine;
        }
    }
    for (int r = 0; r < RIVALS; r++) {
        kill(children[r], SIGKILL);
        waitpid(children[r], NULL, 0);
    }
    ck_assert_int_eq(owners, 1);
    mem_free(path);
}
END_TEST

START_TEST(patterns)
{
    Text stars = {0};
    ck_assert(pattern_fits("scores[none].auc", "scores[none].auc", NULL));
    ck_assert(!pattern_fits("scores[none].auc", "scores[none].auc.low", NULL));
    ck_assert(!pattern_fits("scores", "score", NULL));
    ck_assert(pattern_fits("scores[*][*].auc", "scores[none][1].auc", &stars));
    ck_assert_str_eq(text_value(&stars), "none.1");
    text_free(&stars);
    stars = (Text){0};
    ck_assert(pattern_fits("*a", "banana", &stars));
    ck_assert_str_eq(text_value(&stars), "banan");
    ck_assert(pattern_fits("*", "", NULL));
    ck_assert(!pattern_fits("*x", "banana", NULL));
    text_free(&stars);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("claim");
    TCase *tests = tcase_create("claim");
    tcase_add_test(tests, one_owner);
    tcase_add_test(tests, dead_process);
    tcase_add_test(tests, living_process);
    tcase_add_test(tests, other_machine);
    tcase_add_test(tests, rivals);
    tcase_add_test(tests, patterns);
    suite_add_tcase(suite, tests);
    return folder_run(suite);
}
