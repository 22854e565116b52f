#include "support.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    CodecMessage message;
    png_structp png;
    // Chunks before the picture data, and after it.
    png_infop head;
    png_infop tail;
} Reader;

static void on_error(png_structp png, png_const_charp text) {
    Reader *reader = png_get_error_ptr(png);
    codec_say(reader->message, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep output, size_t count) {
    Reader *reader = png_get_io_ptr(png);
    if (count > reader->count - reader->position) {
        png_error(png, "the data ends early");
    }
    memcpy(output, reader->bytes + reader->position, count);
    reader->position += count;
}

// The bytes up to the first chunk that claims to be longer than its file. libpng would set memory aside for all that
// such a chunk claims, up to 2 GiB, before it meets the end.
static size_t length_of_whole_chunks(const uint8_t *bytes, size_t count) {
    size_t position = 8;
    while (position <= count && count - position >= 12) {
        const uint8_t *head = bytes + position;
        size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        if (length > count - position - 12) {
            return position;
        }
        position += 12 + length;
    }
    return position < count ? position : count;
}

// Compressed chunks may claim little and unpack to much.
static void limit_unpacking(png_structp png, size_t file_length) {
    const size_t least = 4 << 20;
    png_set_chunk_malloc_max(png, file_length > least ? file_length : least);
    png_set_chunk_cache_max(png, 256);
}

static CodecStatus reader_open(Reader *reader, const uint8_t *bytes, size_t count, CodecMessage message) {
    *reader = (Reader){.bytes = bytes, .count = length_of_whole_chunks(bytes, count), .message = message};
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
    if (reader->png == NULL) {
        return CODEC_OUT_OF_MEMORY;
    }
    reader->head = png_create_info_struct(reader->png);
    reader->tail = png_create_info_struct(reader->png);
    if (reader->head == NULL || reader->tail == NULL) {
        return CODEC_OUT_OF_MEMORY;
    }
    png_set_read_fn(reader->png, reader, read_bytes);
    png_set_benign_errors(reader->png, 1);
    limit_unpacking(reader->png, count);
    return CODEC_OK;
}

static void reader_close(Reader *reader) {
    png_destroy_read_struct(&reader->png, &reader->head, &reader->tail);
}

// Every kind of PNG becomes RGB8 or RGBA8: 16-bit samples keep their high byte, 1, 2 and 4 bits are spread to 0...255.
static uint32_t request_rgb(Reader *reader) {
    png_structp png = reader->png;
    png_byte color = png_get_color_type(png, reader->head);
    int transparent = (color & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, reader->head, PNG_INFO_tRNS);
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    return transparent ? 4 : 3;
}

// What the pixels do not depend on is not even unpacked.
static void ignore_text_and_profiles(png_structp png) {
    static const png_byte names[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, sizeof(names) / 5);
}

static CodecStatus read_pixels(Reader *reader, uint64_t pixel_limit, CodecPicture *picture) {
    png_structp png = reader->png;
    if (setjmp(png_jmpbuf(png))) {
        return CODEC_FAILED;
    }
    ignore_text_and_profiles(png);
    png_read_info(png, reader->head);
    uint32_t channels = request_rgb(reader);
    int passes = png_set_interlace_handling(png);
    uint32_t width = png_get_image_width(png, reader->head);
    uint32_t height = png_get_image_height(png, reader->head);
    CodecStatus status = codec_allocate(picture, width, height, channels, pixel_limit);
    if (status != CODEC_OK) {
        return status;
    }
    picture->wide_bits = png_get_bit_depth(png, reader->head) > 8 ? 16 : 0;
    png_read_update_info(png, reader->head);
    size_t stride = (size_t)width * channels;
    if (png_get_rowbytes(png, reader->head) != stride) {
        png_error(png, "unexpected row size");
    }
    // An interlaced picture is built up in place, pass by pass.
    memset(picture->pixels, 0, stride * height);
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < height; y++) {
            png_read_row(png, picture->pixels + stride * y, NULL);
        }
    }
    return CODEC_OK;
}

// A fault behind the picture data costs only the chunks that follow it.
static void read_tail(Reader *reader) {
    if (setjmp(png_jmpbuf(reader->png))) {
        return;
    }
    png_read_end(reader->png, reader->tail);
}

static int copy_exif(Reader *reader, png_infop info, CodecBuffer *exif) {
    png_uint_32 count = 0;
    png_bytep bytes = NULL;
    if (exif->count > 0 || !png_get_eXIf_1(reader->png, info, &count, &bytes) || bytes == NULL) {
        return 1;
    }
    return codec_append(exif, bytes, count);
}

CodecStatus codec_png_decode(const uint8_t *bytes, size_t count, uint64_t pixel_limit, CodecPicture *picture,
                             CodecMessage message) {
    *picture = (CodecPicture){0};
    Reader reader;
    CodecStatus status = reader_open(&reader, bytes, count, message);
    if (status == CODEC_OK) {
        status = read_pixels(&reader, pixel_limit, picture);
    }
    if (status == CODEC_OK) {
        read_tail(&reader);
        int copied = copy_exif(&reader, reader.head, &picture->exif);
        copied = copied && copy_exif(&reader, reader.tail, &picture->exif);
        status = copied ? CODEC_OK : CODEC_OUT_OF_MEMORY;
    }
    reader_close(&reader);
    if (status != CODEC_OK) {
        codec_picture_free(picture);
    }
    return status;
}

static CodecStatus read_head(Reader *reader) {
    if (setjmp(png_jmpbuf(reader->png))) {
        return CODEC_FAILED;
    }
    png_read_info(reader->png, reader->head);
    return CODEC_OK;
}

// libpng passes over picture data only once it is set up to decode them.
static void skip_picture(Reader *reader) {
    if (setjmp(png_jmpbuf(reader->png))) {
        return;
    }
    png_start_read_image(reader->png);
    png_read_end(reader->png, reader->tail);
}

// Key and value share one allocation, which starts at the key.
static int copy_text(const png_text *source, CodecText *entry) {
    int is_utf8 = source->compression >= PNG_ITXT_COMPRESSION_NONE;
    size_t key_length = strlen(source->key);
    size_t value_length = is_utf8 ? source->itxt_length : source->text_length;
    char *memory = malloc(key_length + value_length + 1);
    if (memory == NULL) {
        return 0;
    }
    memcpy(memory, source->key, key_length);
    if (value_length > 0) {
        memcpy(memory + key_length, source->text, value_length);
    }
    *entry = (CodecText){memory, memory + key_length, key_length, value_length, is_utf8};
    return 1;
}

static CodecStatus copy_texts(Reader *reader, CodecTextList *list) {
    png_textp texts[2] = {NULL, NULL};
    int counts[2] = {0, 0};
    png_get_text(reader->png, reader->head, &texts[0], &counts[0]);
    png_get_text(reader->png, reader->tail, &texts[1], &counts[1]);
    list->entries = calloc((size_t)counts[0] + (size_t)counts[1] + 1, sizeof(CodecText));
    if (list->entries == NULL) {
        return CODEC_OUT_OF_MEMORY;
    }
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < counts[part]; i++) {
            if (!copy_text(&texts[part][i], &list->entries[list->count])) {
                return CODEC_OUT_OF_MEMORY;
            }
            list->count++;
        }
    }
    return CODEC_OK;
}

CodecStatus codec_png_read_text(const uint8_t *bytes, size_t count, CodecTextList *list, CodecMessage message) {
    *list = (CodecTextList){0};
    Reader reader;
    CodecStatus status = reader_open(&reader, bytes, count, message);
    if (status == CODEC_OK) {
        status = read_head(&reader);
    }
    if (status == CODEC_OK) {
        skip_picture(&reader);
        status = copy_texts(&reader, list);
    }
    reader_close(&reader);
    if (status != CODEC_OK) {
        codec_text_list_free(list);
    }
    return status;
}

void codec_text_list_free(CodecTextList *list) {
    for (size_t i = 0; i < list->count; i++) {
        free((void *)list->entries[i].key);
    }
    free(list->entries);
    *list = (CodecTextList){0};
}
