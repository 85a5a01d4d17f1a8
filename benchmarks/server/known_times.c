/* A server with known service times: what clients report is held against what it wrote down itself.

   HTTP/1.1, kept alive, one request at a time per connection, one thread, epoll; TLS 1.3 by OpenSSL over memory BIOs where
   compiled with -DWITH_TLS. Each request is answered 200 with a fixed body one service time after it was read whole; the
   service times are given, and cycled. A timerfd with absolute times keeps them to some 10-100 us.

   usage: known_times PORT [CERTIFICATE KEY]     prints {"port": P} and then takes commands, a line each, on standard input;
                                                 it answers each with one line of JSON, and ends with its input.
     service S [S ...]   the service times, seconds, cycled
     reset               forget all rows; what is armed is disarmed, what froze thaws
     stall AT FOR        AT seconds after the first request since `reset` do nothing at all for FOR seconds
     freeze AT           AT seconds after that request stop answering, until `reset`; requests are read and lost
     count               {"answered": N, "unanswered": M, "cpu_s": ..., "now_s": ..., "first_s": ...}
     truth PATH          write the rows to PATH and tell {"rows": N, "stalls": [[begin, end], ...]}

   A row is three doubles, seconds of CLOCK_MONOTONIC: when the request's last bytes reached this host by the kernel's
   stamp, when it was read, and when its answer was handed to the kernel. Rows are in the order of answers. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
static SSL_CTX *tls;
#endif

enum { EVENTS = 64, STALLS = 16, CHUNK = 65536, LARGEST = 1 << 24 };
static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{\"predictions\": [0.5]}";

struct connection {
    int fd, busy;
    unsigned life; /* tells a connection from an earlier one in the same slot */
    char *got;
    size_t length, room;
    double arrived, read;
#ifdef WITH_TLS
    SSL *ssl;
#endif
};
struct timer { double at; struct connection *of; unsigned life; };
struct row { double arrived, read, written; };

static struct connection *spare[1 << 16];
static size_t spares;
static struct timer *heap;
static size_t timers, timers_room;
static struct row *rows;
static size_t answered, rows_room, unanswered, next_service, services = 1;
static double service[1 << 16] = {0.005}, first_s, stall_at = -1, stall_for, freeze_at = -1, wall_offset;
static double stalls[STALLS][2];
static int stalled, frozen, poller, alarm_fd;

static void fail(const char *what) { perror(what); exit(1); }
static double seconds(clockid_t clock) { struct timespec t; clock_gettime(clock, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
static double now(void) { return seconds(CLOCK_MONOTONIC); }

static void resynchronise(void) { /* the kernel stamps by the wall clock; the least interrupted of a few looks counts */
    double best = 1;
    for (int look = 0; look < 5; look++) {
        double before = now(), wall = seconds(CLOCK_REALTIME), after = now();
        if (after - before < best) { best = after - before; wall_offset = wall - (before + after) / 2; }
    }
}

static void *grown(void *list, size_t *room, size_t used, size_t item) {
    if (used < *room) return list;
    *room = *room ? *room * 2 : 1 << 12;
    if (!(list = realloc(list, *room * item))) fail("realloc");
    return list;
}

static void watch(int fd, void *as) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = as};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

/* --- timers: a binary heap, its top in the timerfd --- */

static void set_alarm(void) {
    struct itimerspec when = {0};
    double at = timers ? heap[0].at : 0;
    if (timers) { when.it_value.tv_sec = at; when.it_value.tv_nsec = (at - (long)at) * 1e9 + 1; }
    if (when.it_value.tv_nsec > 999999999) when.it_value.tv_nsec = 999999999;
    timerfd_settime(alarm_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void push(struct timer timer) {
    heap = grown(heap, &timers_room, timers, sizeof *heap);
    size_t at = timers++;
    for (; at && heap[(at - 1) / 2].at > timer.at; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = timer;
    if (!at) set_alarm();
}

static struct timer pop(void) {
    struct timer top = heap[0], last = heap[--timers];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < timers) {
        if (child + 1 < timers && heap[child + 1].at < heap[child].at) child++;
        if (heap[child].at >= last.at) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

/* --- connections --- */

static void drop(struct connection *one) {
    close(one->fd);
    one->fd = -1;
    one->life++;
#ifdef WITH_TLS
    if (one->ssl) SSL_free(one->ssl);
    one->ssl = NULL;
#endif
    if (spares < sizeof spare / sizeof *spare) spare[spares++] = one;
}

static struct connection *adopt(int fd) {
    struct connection *one = spares ? spare[--spares] : calloc(1, sizeof *one);
    int on = 1;
    if (!one) fail("calloc");
    one->fd = fd, one->busy = 0, one->length = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
#ifdef WITH_TLS
    if (tls) {
        one->ssl = SSL_new(tls);
        SSL_set_bio(one->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(one->ssl);
    }
#endif
    return one;
}

/* Hands bytes to the kernel; a client that lets its receive buffer fill up with such short answers is dropped. */
static int hand_over(struct connection *one, const char *bytes, size_t length) {
    return send(one->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

#ifdef WITH_TLS
static int flush_tls(struct connection *one) {
    char wire[CHUNK];
    int length = BIO_read(SSL_get_wbio(one->ssl), wire, sizeof wire);
    return length <= 0 || hand_over(one, wire, length);
}
#endif

static void answer(struct connection *one) {
    double written;
    int sent;
    one->busy = 0;
    if (frozen) { unanswered++; return; }
#ifdef WITH_TLS
    if (one->ssl) {
        SSL_write(one->ssl, ANSWER, sizeof ANSWER - 1);
        written = now();
        sent = flush_tls(one);
    } else
#endif
    {
        written = now();
        sent = hand_over(one, ANSWER, sizeof ANSWER - 1);
    }
    if (!sent) { drop(one); return; }
    rows = grown(rows, &rows_room, answered, sizeof *rows);
    rows[answered++] = (struct row){one->arrived, one->read, written};
}

/* The length of a request that has come whole, 0 as long as it has not, -1 for what is none. */
static ssize_t whole(const struct connection *one) {
    char *end = memmem(one->got, one->length, "\r\n\r\n", 4);
    size_t body = 0, head;
    if (!end) return one->length > CHUNK ? -1 : 0;
    head = end - one->got + 4;
    for (char *line = one->got; line < end;) {
        if (!strncasecmp(line, "Content-Length:", 15)) body = strtoul(line + 15, NULL, 10);
        if (!strncasecmp(line, "Transfer-Encoding:", 18)) return -1; /* no client here chunks its requests */
        char *next = memmem(line, end + 2 - line, "\r\n", 2);
        if (!next) break;
        line = next + 2;
    }
    return body > LARGEST ? -1 : one->length >= head + body ? (ssize_t)(head + body) : 0;
}

static void take(struct connection *one) {
    ssize_t length = one->busy ? 0 : whole(one);
    double lasts;
    if (length < 0) { drop(one); return; }
    if (!length) return;
    memmove(one->got, one->got + length, one->length -= length);
    one->busy = 1;
    one->read = now();
    if (!first_s) {
        first_s = one->read;
        resynchronise();
        if (stall_at >= 0) push((struct timer){first_s + stall_at, NULL, 0});
    }
    if (freeze_at >= 0 && one->read >= first_s + freeze_at) frozen = 1;
    lasts = service[next_service++ % services];
    if (lasts > 0) push((struct timer){one->read + lasts, one, one->life});
    else answer(one);
}

static int keep(struct connection *one, const char *bytes, size_t length) {
    if (one->length + length + 1 > one->room) {
        one->room = (one->length + length + 1) * 2;
        if (!(one->got = realloc(one->got, one->room))) fail("realloc");
    }
    memcpy(one->got + one->length, bytes, length);
    one->length += length;
    one->got[one->length] = 0;
    return one->length <= LARGEST + CHUNK;
}

#ifdef WITH_TLS
static int decrypt(struct connection *one, const char *wire, size_t length) {
    char plain[CHUNK];
    int got, error;
    BIO_write(SSL_get_rbio(one->ssl), wire, length);
    while ((got = SSL_read(one->ssl, plain, sizeof plain)) > 0)
        if (!keep(one, plain, got)) return 0;
    error = SSL_get_error(one->ssl, got);
    ERR_clear_error();
    return flush_tls(one) && error == SSL_ERROR_WANT_READ;
}
#endif

static double arrival(struct msghdr *message) {
    double read = now();
    for (struct cmsghdr *note = CMSG_FIRSTHDR(message); note; note = CMSG_NXTHDR(message, note))
        if (note->cmsg_level == SOL_SOCKET && note->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(note), sizeof stamp);
            double at = stamp.tv_sec + stamp.tv_nsec * 1e-9 - wall_offset;
            return at < read ? at : read;
        }
    return read;
}

static void receive(struct connection *one) {
    static char wire[CHUNK];
    char notes[256];
    struct iovec into = {wire, sizeof wire};
    struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1, .msg_control = notes, .msg_controllen = sizeof notes};
    ssize_t length = recvmsg(one->fd, &message, MSG_DONTWAIT);
    int good = length > 0;
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (good) one->arrived = arrival(&message);
#ifdef WITH_TLS
    if (good && one->ssl) good = decrypt(one, wire, length);
    else
#endif
    if (good) good = keep(one, wire, length);
    if (!good) drop(one);
    else take(one);
}

/* --- commands --- */

static void reset(void) {
    answered = unanswered = next_service = 0;
    first_s = 0, stall_at = freeze_at = -1, stalled = frozen = 0;
    resynchronise();
}

static void write_truth(const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(rows, sizeof *rows, answered, file) != answered || fclose(file)) fail(path);
    printf("{\"rows\": %zu, \"stalls\": [", answered);
    for (int each = 0; each < stalled; each++) printf("%s[%.9f, %.9f]", each ? ", " : "", stalls[each][0], stalls[each][1]);
    printf("]}\n");
}

static void obey(char *line) {
    char *word = strtok(line, " \n"), *next;
    if (!word) return;
    if (!strcmp(word, "service")) {
        for (services = next_service = 0; (next = strtok(NULL, " \n")) && services < sizeof service / sizeof *service;) service[services++] = atof(next);
    } else if (!strcmp(word, "reset")) {
        reset();
    } else if (!strcmp(word, "stall")) {
        stall_at = atof(strtok(NULL, " \n"));
        stall_for = atof(strtok(NULL, " \n"));
    } else if (!strcmp(word, "freeze")) {
        freeze_at = atof(strtok(NULL, " \n"));
    } else if (!strcmp(word, "truth")) {
        write_truth(strtok(NULL, "\n"));
        return;
    } else if (!strcmp(word, "count")) {
        printf("{\"answered\": %zu, \"unanswered\": %zu, \"cpu_s\": %.6f, \"now_s\": %.9f, \"first_s\": %.9f}\n", answered, unanswered,
               seconds(CLOCK_PROCESS_CPUTIME_ID), now(), first_s);
        return;
    } else {
        printf("{\"error\": \"unknown command\"}\n");
        return;
    }
    printf("{}\n");
}

static void stall(void) {
    struct timespec rest = {stall_for, (stall_for - (long)stall_for) * 1e9};
    double begin = now();
    nanosleep(&rest, NULL);
    if (stalled < STALLS) stalls[stalled][0] = begin, stalls[stalled++][1] = now();
}

static void ring(void) {
    unsigned long rang;
    if (read(alarm_fd, &rang, sizeof rang) < 0 && errno != EAGAIN) fail("timerfd");
    while (timers && heap[0].at <= now()) {
        struct timer top = pop();
        if (!top.of) {
            if (stall_at >= 0) stall();
        } else if (top.of->life == top.life) {
            answer(top.of);
            if (top.of->life == top.life) take(top.of); /* what was sent ahead, if anything */
        }
    }
    set_alarm();
}

static void listen_to_commands(void) {
    static char input[1 << 20];
    static size_t length;
    ssize_t got = read(0, input + length, sizeof input - length - 1);
    char *end;
    if (got <= 0) exit(0);
    length += got;
    while ((end = memchr(input, '\n', length))) {
        size_t taken = end - input + 1;
        *end = 0;
        obey(input);
        memmove(input, input + taken, length -= taken);
    }
    fflush(stdout);
}

static int listener(int port) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    socklen_t length = sizeof here;
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) || listen(fd, 4096)) fail("listen");
    getsockname(fd, (struct sockaddr *)&here, &length);
    printf("{\"port\": %d}\n", ntohs(here.sin_port));
    fflush(stdout);
    return fd;
}

static void begin_tls(int count, char **arguments) {
    if (count < 4) return;
#ifdef WITH_TLS
    tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(tls, arguments[2]) != 1 || SSL_CTX_use_PrivateKey_file(tls, arguments[3], SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
#else
    fprintf(stderr, "compiled without TLS, but given %s\n", arguments[2]);
    exit(1);
#endif
}

int main(int count, char **arguments) {
    struct epoll_event events[EVENTS];
    static int input_mark, alarm_mark, listener_mark;
    struct rlimit files;
    int door;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0);
    begin_tls(count, arguments);
    poller = epoll_create1(0);
    alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    resynchronise();
    door = listener(count > 1 ? atoi(arguments[1]) : 0);
    watch(0, &input_mark);
    watch(alarm_fd, &alarm_mark);
    watch(door, &listener_mark);
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int each = 0; each < ready; each++) {
            void *what = events[each].data.ptr;
            if (what == &input_mark) {
                listen_to_commands();
            } else if (what == &alarm_mark) {
                ring();
            } else if (what == &listener_mark) {
                int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK);
                if (fd >= 0) { struct connection *one = adopt(fd); watch(fd, one); }
            } else if (((struct connection *)what)->fd >= 0) {
                receive(what);
            }
        }
    }
}
