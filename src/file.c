/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading, and writing that is all or nothing.
 *
 * Every read and write goes on after an interruption or a short count; only zero bytes read, or an
 * error, ends it. A rename lasts once the folder is synced as well; file systems that cannot sync
 * a folder say EINVAL, and are taken at their word.
 */
#define _GNU_SOURCE

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base.h"

struct FileWriter {
    char *path, *hidden;
    int file;
    int64_t offset;
};

struct FileLines {
    char *path;
    int file;
    int64_t offset;
};

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* With errno as the reason, and the path that was meant where a name in it was misspelt. */
static bool fail_missing(const char *path, FornixError *error)
{
    int reason = errno;
    char *near = reason == ENOENT ? file_suggest(path) : NULL;
    fornix_fail_input(error, "%s: %s%s%s%s", path, strerror(reason), near ? "; did you mean '" : "",
                      near ? near : "", near ? "'?" : "");
    mem_free(near);
    return false;
}

bool file_identity(const char *path, FileIdentity *identity, FornixError *error)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return fail_missing(path, error);
    *identity = (FileIdentity){.device = status.st_dev,
                               .inode = status.st_ino,
                               .size = status.st_size,
                               .modified = nanoseconds(status.st_mtim),
                               .changed = nanoseconds(status.st_ctim)};
    return true;
}

bool file_is_settled(const FileIdentity *identity)
{
    enum { SETTLING_SECONDS = 2 };
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t last = identity->modified > identity->changed ? identity->modified : identity->changed;
    return (int64_t)now.tv_sec - last / 1000000000 > SETTLING_SECONDS;
}

int file_open(const char *path, int64_t *size, FornixError *error)
{
    /* Not blocking, because the open of a FIFO would wait for a writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (file < 0 || fstat(file, &status) < 0) {
        fail_missing(path, error);
    } else if (!S_ISREG(status.st_mode)) {
        fornix_fail_input(error, "%s: not a file", path);
    } else {
        *size = status.st_size;
        return file;
    }
    if (file >= 0)
        close(file);
    return -1;
}

bool file_read_at(int file, const char *path, void *out, size_t length, int64_t offset,
                  FornixError *error)
{
    size_t done = 0;
    while (done < length) {
        ssize_t got = pread(file, (char *)out + done, length - done, offset + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fornix_fail(error, "%s: cannot read: %s", path, strerror(errno));
        if (got == 0)
            return fornix_fail_input(error, "%s is truncated: it ends at byte %" PRId64, path,
                                     offset + (int64_t)done);
        done += (size_t)got;
    }
    return true;
}

char *file_read(const char *path, int64_t limit, size_t *length, FornixError *error)
{
    int64_t size;
    int file = file_open(path, &size, error);
    if (file < 0)
        return NULL;
    char *text = NULL;
    if (size > limit || (uint64_t)size >= SIZE_MAX) {
        fornix_fail_input(error, "%s: %" PRId64 " bytes, more than the %" PRId64 " allowed here",
                          path, size, limit);
    } else {
        text = mem_new((size_t)size + 1, 1);
        if (!file_read_at(file, path, text, (size_t)size, 0, error)) {
            mem_free(text);
            text = NULL;
        }
    }
    close(file);
    if (length)
        *length = text ? (size_t)size : 0;
    return text;
}

static bool write_at(int file, const char *path, const void *bytes, size_t length, int64_t offset,
                     FornixError *error)
{
    size_t done = 0;
    while (done < length) {
        ssize_t put = pwrite(file, (const char *)bytes + done, length - done, offset + (off_t)done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fornix_fail(error, "%s: cannot write: %s", path, strerror(put ? errno : EIO));
        done += (size_t)put;
    }
    return true;
}

static bool sync_file(int file)
{
    int result;
    do
        result = fsync(file);
    while (result < 0 && errno == EINTR);
    return result == 0 || errno == EINVAL || errno == EROFS;
}

static bool sync_folder_of(const char *path, FornixError *error)
{
    char *folder = file_folder(path);
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = file >= 0 && sync_file(file);
    if (!ok)
        fornix_fail(error, "%s: cannot sync: %s", folder, strerror(errno));
    if (file >= 0)
        close(file);
    mem_free(folder);
    return ok;
}

bool file_rename(const char *from, const char *to, FornixError *error)
{
    if (rename(from, to) < 0)
        return fornix_fail(error, "cannot rename %s to %s: %s", from, to, strerror(errno));
    return sync_folder_of(to, error);
}

static void writer_free(FileWriter *writer)
{
    mem_free(writer->path);
    mem_free(writer->hidden);
    mem_free(writer);
}

/* The hidden name holds process and thread of execution (by the writer's address), so that two
 * writers of one file never share it; a leftover of a killed run with the same name is counted
 * past. */
static int open_hidden(FileWriter *writer)
{
    char *folder = file_folder(writer->path);
    size_t size = strlen(writer->path) + strlen(folder) + 80;
    writer->hidden = mem_new(size, 1);
    int file = -1;
    for (int attempt = 0; attempt < 1000; attempt++) {
        snprintf(writer->hidden, size, "%s/.%s.tmp-%ld-%" PRIxPTR "-%d", folder,
                 file_name(writer->path), (long)getpid(), (uintptr_t)writer, attempt);
        file = open(writer->hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST)
            break;
    }
    mem_free(folder);
    return file;
}

FileWriter *file_writer_open(const char *path, FornixError *error)
{
    FileWriter *writer = mem_new(1, sizeof *writer);
    writer->path = mem_text(path);
    writer->file = open_hidden(writer);
    if (writer->file >= 0)
        return writer;
    fornix_fail(error, "%s: cannot write: %s", path, strerror(errno));
    writer_free(writer);
    return NULL;
}

bool file_writer_put(FileWriter *writer, const void *bytes, size_t length, int64_t offset,
                     FornixError *error)
{
    return write_at(writer->file, writer->path, bytes, length, offset, error);
}

bool file_writer_add(FileWriter *writer, const void *bytes, size_t length, FornixError *error)
{
    if (!write_at(writer->file, writer->path, bytes, length, writer->offset, error))
        return false;
    writer->offset += (int64_t)length;
    return true;
}

int64_t file_writer_offset(const FileWriter *writer)
{
    return writer->offset;
}

bool file_writer_resize(FileWriter *writer, int64_t size, FornixError *error)
{
    int result;
    do
        result = ftruncate(writer->file, size);
    while (result < 0 && errno == EINTR);
    return result == 0 || fornix_fail(error, "%s: cannot write: %s", writer->path, strerror(errno));
}

void file_writer_abort(FileWriter *writer)
{
    if (!writer)
        return;
    if (writer->file >= 0)
        close(writer->file);
    unlink(writer->hidden);
    writer_free(writer);
}

bool file_writer_commit(FileWriter *writer, FornixError *error)
{
    bool ok = sync_file(writer->file);
    /* Network file systems report a full disk at close. */
    ok = (close(writer->file) == 0 || errno == EINTR) && ok;
    writer->file = -1;
    if (!ok)
        fornix_fail(error, "%s: cannot write: %s", writer->path, strerror(errno));
    else
        ok = file_rename(writer->hidden, writer->path, error);
    if (ok)
        writer_free(writer);
    else
        file_writer_abort(writer);
    return ok;
}

bool file_write(const char *path, const void *bytes, size_t length, FornixError *error)
{
    FileWriter *writer = file_writer_open(path, error);
    if (!writer)
        return false;
    if (file_writer_add(writer, bytes, length, error))
        return file_writer_commit(writer, error);
    file_writer_abort(writer);
    return false;
}

FileLines *file_lines_open(const char *path, int64_t offset, FornixError *error)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct stat status;
    if (file < 0 || fstat(file, &status) < 0)
        fornix_fail(error, "%s: cannot write: %s", path, strerror(errno));
    else if (status.st_size < offset)
        fornix_fail(error, "%s: has %jd bytes, but a checkpoint refers to byte %" PRId64, path,
                    (intmax_t)status.st_size, offset);
    else if (ftruncate(file, offset) < 0)
        fornix_fail(error, "%s: cannot cut to %" PRId64 " bytes: %s", path, offset,
                    strerror(errno));
    else {
        FileLines *lines = mem_new(1, sizeof *lines);
        *lines = (FileLines){mem_text(path), file, offset};
        return lines;
    }
    if (file >= 0)
        close(file);
    return NULL;
}

bool file_lines_add(FileLines *lines, const char *line, FornixError *error)
{
    /* One write for the line and its end: a kill between two would leave half a line behind. */
    size_t length = strlen(line);
    char *whole = mem_new(length + 1, 1);
    memcpy(whole, line, length);
    whole[length] = '\n';
    bool ok = write_at(lines->file, lines->path, whole, length + 1, lines->offset, error);
    mem_free(whole);
    if (ok)
        lines->offset += (int64_t)length + 1;
    return ok;
}

bool file_lines_sync(FileLines *lines, FornixError *error)
{
    return sync_file(lines->file) ||
           fornix_fail(error, "%s: cannot write: %s", lines->path, strerror(errno));
}

int64_t file_lines_offset(const FileLines *lines)
{
    return lines->offset;
}

void file_lines_close(FileLines *lines)
{
    if (!lines)
        return;
    close(lines->file);
    mem_free(lines->path);
    mem_free(lines);
}
