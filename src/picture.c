/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG through libpng.
 *
 * libpng leaves a failure by longjmp. All that it may jump over stands in one struct outside of the
 * function that calls setjmp, so no variable is lost or undefined, and everything is freed in one
 * place, jumped or not.
 */
#include "picture.h"

#include <inttypes.h>
#include <math.h>
#include <png.h>
#include <string.h>

#include "base.h"
#include "file.h"

static const int64_t file_most = (int64_t)1 << 30;
static const png_alloc_size_t chunk_most = (png_alloc_size_t)1 << 26;

typedef struct {
    const char *path;
    FornixError *error;
    png_structp png;
    png_infop png_info;
    /* reading */
    const char *bytes;
    size_t length, at;
    bool truncated;
    PictureInfo *info;
    png_bytep rows; /* one row; or all, of an interlaced picture */
    size_t rows_bytes;
    float *out;
    /* writing */
    FileWriter *file; /* or */
    Text *memory;
} Job;

static _Noreturn void give_up(png_structp png, png_const_charp message)
{
    Job *job = png_get_error_ptr(png);
    if (job->truncated)
        fornix_fail_input(job->error, "%s is truncated: %zu bytes", job->path, job->length);
    else if (job->bytes)
        fornix_fail_input(job->error, "%s: damaged: %s", job->path, message);
    else
        fornix_fail(job->error, "%s: cannot write: %s", job->path, message);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void take_bytes(png_structp png, png_bytep out, size_t length)
{
    Job *job = png_get_io_ptr(png);
    if (length > job->length - job->at) {
        job->truncated = true;
        png_error(png, "truncated");
    }
    memcpy(out, job->bytes + job->at, length);
    job->at += length;
}

static void convert_row(Job *job, png_const_bytep row, float *out)
{
    int64_t count = job->info->width * job->info->channels;
    if (job->info->depth == 16)
        for (int64_t i = 0; i < count; i++)
            out[i] = (float)(row[2 * i] << 8 | row[2 * i + 1]);
    else
        for (int64_t i = 0; i < count; i++)
            out[i] = row[i];
}

static void read_header(Job *job)
{
    png_structp png = job->png;
    png_set_read_fn(png, job, take_bytes);
    png_set_user_limits(png, PICTURE_SIDE, PICTURE_SIDE);
    png_set_chunk_malloc_max(png, chunk_most);
    png_read_info(png, job->png_info);
    int type = png_get_color_type(png, job->png_info);
    job->info->depth = png_get_bit_depth(png, job->png_info);
    if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(png);
        job->info->depth = 8;
    } else if (job->info->depth < 8) {
        png_set_packing(png); /* a byte a pixel, not stretched to 255 */
    }
    png_set_strip_alpha(png); /* a palette may have some too */
    job->info->width = png_get_image_width(png, job->png_info);
    job->info->height = png_get_image_height(png, job->png_info);
    job->info->channels = type & PNG_COLOR_MASK_COLOR ? 3 : 1;
}

static void read_rows(Job *job)
{
    int passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->png_info);
    int64_t height = job->info->height, width = job->info->width * job->info->channels;
    size_t stride = png_get_rowbytes(job->png, job->png_info);
    if (stride != (size_t)width * (job->info->depth == 16 ? 2 : 1))
        png_error(job->png, "unexpected rows");
    job->rows_bytes = passes > 1 ? stride * (size_t)height : stride;
    job->rows = mem_large(job->rows_bytes);
    job->out = mem_large((size_t)picture_bytes(job->info));
    if (!job->out || !job->rows) {
        fornix_fail(job->error, "%s: no memory for its pixels", job->path);
        png_error(job->png, "no memory");
    }
    for (int pass = 0; pass < passes; pass++)
        for (int64_t y = 0; y < height; y++) {
            png_bytep row = passes > 1 ? job->rows + stride * (size_t)y : job->rows;
            png_read_row(job->png, row, NULL);
            if (pass == passes - 1)
                convert_row(job, row, job->out + y * width);
        }
    png_read_end(job->png, NULL);
}

/* setjmp's frame: nothing here changes between it and a jump. */
static bool decode(Job *job, bool header_only)
{
    if (setjmp(png_jmpbuf(job->png)))
        return false;
    read_header(job);
    if (!header_only)
        read_rows(job);
    return true;
}

static bool open_and_decode(const char *path, PictureInfo *info, float **out, FornixError *error)
{
    Job job = {.path = path, .error = error, .info = info};
    char *bytes = file_read(path, file_most, &job.length, error);
    job.bytes = bytes;
    if (!bytes)
        return false;
    bool ok = job.length >= 8 && png_sig_cmp((png_const_bytep)bytes, 0, 8) == 0;
    if (!ok)
        fornix_fail_input(error, "%s: not a PNG file", path);
    job.png = ok ? png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, give_up, ignore) : NULL;
    job.png_info = job.png ? png_create_info_struct(job.png) : NULL;
    if (ok && !job.png_info)
        ok = fornix_fail(error, "%s: no memory to read it", path);
    ok = ok && decode(&job, !out);
    png_destroy_read_struct(&job.png, &job.png_info, NULL);
    if (job.rows)
        mem_large_free(job.rows, job.rows_bytes);
    mem_free(bytes);
    if (ok && out)
        *out = job.out;
    else if (job.out)
        mem_large_free(job.out, (size_t)picture_bytes(info));
    return ok;
}

bool picture_inspect(const char *path, PictureInfo *info, FornixError *error)
{
    return open_and_decode(path, info, NULL, error);
}

float *picture_read(const char *path, PictureInfo *info, FornixError *error)
{
    float *out = NULL;
    return open_and_decode(path, info, &out, error) ? out : NULL;
}

int64_t picture_bytes(const PictureInfo *info)
{
    return info->height * info->width * info->channels * (int64_t)sizeof(float);
}

void picture_to_grey(float *pixels, PictureInfo *info)
{
    for (int64_t i = 0; info->channels == 3 && i < info->height * info->width; i++) {
        float r = pixels[3 * i], g = pixels[3 * i + 1], b = pixels[3 * i + 2];
        pixels[i] = r == g && g == b ? r : 0.299f * r + 0.587f * g + 0.114f * b;
    }
    info->channels = 1;
}

static void give_bytes(png_structp png, png_bytep bytes, size_t length)
{
    Job *job = png_get_io_ptr(png);
    if (job->memory)
        text_add_slice(job->memory, (const char *)bytes, length);
    else if (!file_writer_add(job->file, bytes, length, job->error))
        png_error(png, "write");
}

static void no_flush(png_structp png)
{
    (void)png;
}

static bool encode(const Job *job, const uint8_t *pixels)
{
    if (setjmp(png_jmpbuf(job->png)))
        return false;
    const PictureInfo *info = job->info;
    png_set_write_fn(job->png, (void *)(uintptr_t)job, give_bytes, no_flush);
    png_set_user_limits(job->png, PICTURE_SIDE, PICTURE_SIDE);
    png_set_IHDR(job->png, job->png_info, (png_uint_32)info->width, (png_uint_32)info->height, 8,
                 info->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(job->png, job->png_info);
    for (int64_t y = 0; y < info->height; y++)
        png_write_row(job->png, pixels + y * info->width * info->channels);
    png_write_end(job->png, NULL);
    return true;
}

static bool encode_open(Job *job)
{
    const PictureInfo *info = job->info;
    if (info->height < 1 || info->width < 1 || info->height > PICTURE_SIDE ||
        info->width > PICTURE_SIDE)
        return fornix_fail(job->error, "%s: a picture of %" PRId64 " x %" PRId64 " pixels",
                           job->path, info->height, info->width);
    job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, job, give_up, ignore);
    job->png_info = job->png ? png_create_info_struct(job->png) : NULL;
    return job->png_info || fornix_fail(job->error, "%s: no memory to write it", job->path);
}

bool picture_write(const char *path, const uint8_t *pixels, int64_t height, int64_t width,
                   int64_t channels, FornixError *error)
{
    PictureInfo info = {height, width, channels, 8};
    Job job = {.path = path, .error = error, .info = &info};
    bool ok = encode_open(&job);
    job.file = ok ? file_writer_open(path, error) : NULL;
    ok = job.file && encode(&job, pixels);
    png_destroy_write_struct(&job.png, &job.png_info);
    if (ok)
        return file_writer_commit(job.file, error);
    file_writer_abort(job.file);
    return false;
}

bool picture_encode(const uint8_t *pixels, int64_t height, int64_t width, int64_t channels,
                    Text *png, FornixError *error)
{
    PictureInfo info = {height, width, channels, 8};
    Job job = {.path = "a picture", .error = error, .info = &info, .memory = png};
    bool ok = encode_open(&job) && encode(&job, pixels);
    png_destroy_write_struct(&job.png, &job.png_info);
    return ok;
}

void picture_window(const float *image, int64_t pixels, int64_t channels, int64_t channel,
                    float low, float high, uint8_t *grey)
{
    float scale = high > low ? 255 / (high - low) : 0;
    for (int64_t i = 0; i < pixels; i++) {
        float value = (image[i * channels + channel] - low) * scale;
        grey[i] = (uint8_t)lrintf(fminf(fmaxf(value, 0), 255));
    }
}

void picture_outline(const uint8_t *grey, const float *mask, int64_t height, int64_t width,
                     uint8_t *colours)
{
    /* Told apart by people with any colour vision (Okabe and Ito, 2008). */
    static const uint8_t palette[][3] = {{230, 159, 0},  {86, 180, 233}, {0, 158, 115},
                                         {240, 228, 66}, {213, 94, 0},   {204, 121, 167}};
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++) {
            int64_t at = y * width + x;
            float own = mask[at];
            bool edge = (x > 0 && mask[at - 1] != own) || (x + 1 < width && mask[at + 1] != own) ||
                        (y > 0 && mask[at - width] != own) ||
                        (y + 1 < height && mask[at + width] != own);
            bool drawn = edge && own >= 1 && own < 1e6f;
            for (int c = 0; c < 3; c++)
                colours[3 * at + c] =
                    drawn ? palette[((size_t)own - 1) % COUNT(palette)][c] : grey[at];
        }
}
