/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks in processes of their own. A child writes what it finds into memory that it shares with
 * its parent, so that all of it is there when it crashes, and what it was doing. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base.h"
#include "trial_parts.h"

enum { SECONDS_MOST = 120, STACK = 1 << 16, NULL_PAGES = 1 << 16 };

void trial_checks(Trial *trial, TrialCheck check)
{
    trial->seat->checked |= 1u << check;
}

bool trial_fail(Trial *trial, TrialCheck check, const char *format, ...)
{
    TrialSeat *seat = trial->seat;
    seat->checked |= 1u << check;
    if (seat->finding_count == FINDINGS_MOST)
        return false;
    TrialFinding *finding = &seat->findings[seat->finding_count];
    *finding = (TrialFinding){.check = check};
    va_list args;
    va_start(args, format);
    vsnprintf(finding->text, sizeof finding->text, format, args);
    va_end(args);
    seat->finding_count++;
    return false;
}

void trial_skips(Trial *trial, TrialCheck check, const char *format, ...)
{
    trial->seat->skipped |= 1u << check;
    va_list args;
    va_start(args, format);
    vsnprintf(trial->seat->note, sizeof trial->seat->note, format, args);
    va_end(args);
}

void trial_doing(Trial *trial, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(trial->seat->doing, sizeof trial->seat->doing, format, args);
    va_end(args);
    trial->seat->hint[0] = '\0';
}

/* ---- The child ---- */

static TrialSeat *own_seat; /* of this child */

static void crashed(int signal, siginfo_t *info, void *context)
{
    (void)context;
    own_seat->signal = signal;
    own_seat->address = (uintptr_t)info->si_addr;
    _exit(EXIT_FAILURE);
}

/* On a stack of its own: a plugin may have used up the other. */
static void catch_signals(void *stack)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK}, NULL);
    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (size_t k = 0; k < COUNT(signals); k++)
        sigaction(signals[k], &action, NULL);
}

static void child_run(const TrialUnit *unit, TrialSeat *seat)
{
    own_seat = seat;
    catch_signals(mem_new(STACK, 1));
    alarm(SECONDS_MOST);
    Trial trial = unit->trial;
    trial.seat = seat;
    unit->work(&trial);
    seat->done = true;
    _exit(EXIT_SUCCESS);
}

/* ---- The parent ---- */

static void tell_crash(const TrialSeat *seat, int status, TrialFinding *finding)
{
    char how[100];
    int signal = seat->signal ? seat->signal : WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    bool null = signal == SIGSEGV && seat->address < NULL_PAGES;
    if (signal == SIGALRM)
        snprintf(how, sizeof how, "did not end within %d s", (int)SECONDS_MOST);
    else if (signal)
        snprintf(how, sizeof how, "crashed (%s%s)", strsignal(signal),
                 null ? " at a NULL pointer" : "");
    else
        snprintf(how, sizeof how, "ended the program (exit status %d)", WEXITSTATUS(status));
    *finding = (TrialFinding){.check = TRIAL_ENDS};
    int length = snprintf(finding->text, sizeof finding->text, "%s in %s", how, seat->doing);
    bool maybe = null || signal == SIGABRT || !signal; /* sanitizers end the program */
    if (seat->hint[0] && maybe && length > 0 && (size_t)length < sizeof finding->text)
        snprintf(finding->text + length, sizeof finding->text - (size_t)length, ": does it%s?",
                 seat->hint);
}

void trial_report_add(TrialReport *report, const TrialFinding *finding)
{
    size_t count = (size_t)report->finding_count;
    report->findings = mem_grow(report->findings, count + 1, sizeof *finding);
    report->findings[report->finding_count++] = *finding;
    report->checked |= 1u << finding->check;
}

static void seat_read(const TrialUnit *unit, const TrialSeat *seat, int status, TrialReport *report)
{
    report->checked |= seat->checked | 1u << TRIAL_ENDS;
    report->skipped |= seat->skipped;
    if (seat->skipped)
        snprintf(report->note, sizeof report->note, "%s", seat->note);
    if (!seat->done || seat->finding_count)
        report->unfinished |= seat->checked & ~(1u << TRIAL_EXAMPLE);
    for (int k = 0; k <= seat->finding_count; k++) {
        TrialFinding finding;
        if (k < seat->finding_count)
            finding = seat->findings[k];
        else if (!seat->done)
            tell_crash(seat, status, &finding);
        else
            break;
        finding.line = unit->trial.line;
        finding.length = finding.line ? strcspn(finding.line, "\n") : 0;
        trial_report_add(report, &finding);
    }
}

typedef struct Child {
    pid_t process; /* 0: it has ended, or was not started */
    bool started;
    int status;
} Child;

static void child_start(const TrialUnit *unit, TrialSeat *seat, Child *child)
{
    snprintf(seat->doing, sizeof seat->doing, "its beginning");
    *child = (Child){.process = fork(), .started = true};
    if (child->process == 0)
        child_run(unit, seat);
    if (child->process > 0)
        return;
    /* Without a process of its own it is not tried, and that is told. */
    child->process = 0;
    snprintf(seat->findings[0].text, sizeof seat->findings[0].text, "no process for it: %s",
             strerror(errno));
    seat->findings[0].check = TRIAL_ENDS;
    seat->finding_count = 1;
    seat->done = true;
}

/* Waits for one of the children of [0, count) to end; how many still run. */
static int child_wait(Child *children, size_t count)
{
    int running = 0, status = 0;
    for (size_t k = 0; k < count; k++)
        running += children[k].process != 0;
    if (!running)
        return 0;
    for (size_t k = 0;; k = (k + 1) % count) {
        if (!children[k].process)
            continue;
        /* Not wait(): the program may have other children. */
        pid_t ended = waitpid(children[k].process, &status, running == 1 ? 0 : WNOHANG);
        if (ended == children[k].process || (ended < 0 && errno != EINTR)) {
            children[k].process = 0;
            children[k].status = status;
            return running - 1;
        }
        if (running > 1)
            usleep(200);
    }
}

/* Whether one of them did not end in its time: the others would take as long. */
static bool is_endless(const TrialSeat *seats, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (seats[k].signal == SIGALRM)
            return true;
    return false;
}

void trial_units(const TrialUnit *units, size_t count, int processes, TrialReport *report)
{
    size_t bytes = (count + 1) * sizeof(TrialSeat);
    TrialSeat *seats = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seats == MAP_FAILED) {
        TrialFinding finding = {.check = TRIAL_ENDS, .text = "no memory to try it"};
        trial_report_add(report, &finding);
        return;
    }
    Child *children = mem_new(count + 1, sizeof *children);
    int running = 0;
    fflush(NULL); /* or children would print what is waiting again */
    for (size_t k = 0; k < count; k++) {
        while (running >= (processes > 1 ? processes : 1))
            running = child_wait(children, k);
        if (is_endless(seats, k))
            break;
        child_start(&units[k], &seats[k], &children[k]);
        running += children[k].process != 0;
    }
    while (running)
        running = child_wait(children, count);
    for (size_t k = 0; k < count; k++)
        if (children[k].started)
            seat_read(&units[k], &seats[k], children[k].status, report);
    mem_free(children);
    munmap(seats, bytes);
}
