#include "jpeg_failure.h"

_Noreturn void jpeg_fail(JpegFailure *failure, const char *text) {
    codec_say(failure->message, text);
    longjmp(failure->escape, 1);
}

static void on_error(j_common_ptr codec) {
    char text[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, text);
    jpeg_fail((JpegFailure *)codec->err, text);
}

static void on_message(j_common_ptr codec, int level) {
    (void)codec;
    (void)level;
}

struct jpeg_error_mgr *jpeg_failure_prepare(JpegFailure *failure, CodecMessage message) {
    jpeg_std_error(&failure->manager);
    failure->manager.error_exit = on_error;
    failure->manager.emit_message = on_message;
    failure->message = message;
    return &failure->manager;
}
