/* The limit and the receiver of the fan-out benches: plain C over epoll, nothing clever.
 *
 * fan send   prints its port, accepts the connections of "accept N", and for each "event BYTES COUNT" writes COUNT
 *            frames of BYTES bytes, numbered on, to every connection; answers "done".
 * fan recv   is given the descriptors of open sockets by "socket FD LAST", checks that each gets the numbers after LAST
 *            once and in order, and for each "await N" answers with "got N TIME WRONG" when N more deliveries came:
 *            TIME is CLOCK_MONOTONIC in nanoseconds, WRONG counts numbers out of order, repeated or unreadable.
 *
 * A delivery is a WebSocket text frame that starts with {"s":"…","n":NUMBER; other frames are skipped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 20000

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(2);
}

/* ---- send */

static int peers[MOST], peer_count;
static long long sent_number;

static void write_all(int poll_fd, int fd, const char *data, size_t size) {
  while (size) {
    ssize_t done = write(fd, data, size);
    if (done < 0 && errno == EAGAIN) {
      struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};
      if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) || epoll_wait(poll_fd, &event, 1, -1) < 0) fail("epoll");
      epoll_ctl(poll_fd, EPOLL_CTL_DEL, fd, NULL);
      continue;
    }
    if (done < 0) fail("write");
    data += done;
    size -= done;
  }
}

static void send_events(int poll_fd, int bytes, int count) {
  char frame[65536];
  int header = bytes - 2 < 126 ? 2 : 4;
  while (count--) {
    memset(frame, ' ', bytes);
    frame[0] = (char)0x81;
    if (header == 2) {
      frame[1] = (char)(bytes - 2);
    } else {
      frame[1] = 126;
      frame[2] = (char)((bytes - 4) >> 8);
      frame[3] = (char)((bytes - 4) & 255);
    }
    sent_number++;
    for (int i = 0; i < peer_count; i++) {
      int used = sprintf(frame + header, "{\"s\":\"p%d\",\"n\":%lld,\"a\":0", i, sent_number);
      frame[header + used] = ' ';
      frame[bytes - 1] = '}';
      write_all(poll_fd, peers[i], frame, bytes);
    }
  }
}

static int run_sender(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1, poll_fd = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  char line[256];
  while (fgets(line, sizeof line, stdin)) {
    int first, second;
    if (sscanf(line, "accept %d", &first) == 1) {
      while (peer_count < first) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) fail("accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        peers[peer_count++] = fd;
      }
    } else if (sscanf(line, "event %d %d", &first, &second) == 2) {
      send_events(poll_fd, first, second);
    }
    printf("done\n");
    fflush(stdout);
  }
  return 0;
}

/* ---- receive */

static struct {
  char *kept;
  size_t size;
  long long last;
} readers[MOST];
static long long received, wrong, last_at;

static size_t take_frames(int fd, const char *data, size_t size) {
  size_t used = 0;
  for (;;) {
    const unsigned char *frame = (const unsigned char *)data + used;
    size_t left = size - used, header = 2, length;
    if (left < 2) break;
    length = frame[1] & 127;
    if (length == 126) {
      header = 4;
      if (left < 4) break;
      length = frame[2] << 8 | frame[3];
    } else if (length == 127) {
      header = 10;
      if (left < 10) break;
      length = 0;
      for (int i = 2; i < 10; i++) length = length << 8 | frame[i];
    }
    if (left < header + length) break;
    const char *text = (const char *)frame + header;
    if (frame[0] == 0x89 && write(fd, "\x8a\x80\0\0\0\0", 6) != 6) wrong++; /* pong, masked with zeros */
    if (frame[0] == 0x81 && length > 8 && !memcmp(text, "{\"s\":\"", 6)) {
      const char *number = memmem(text, length < 80 ? length : 80, "\"n\":", 4);
      long long n = number ? atoll(number + 4) : -1;
      if (n != readers[fd].last + 1) wrong++;
      if (n > readers[fd].last) readers[fd].last = n;
      received++;
    }
    used += header + length;
  }
  return used;
}

static void read_socket(int fd) {
  static char buffer[1 << 20];
  size_t kept = readers[fd].size;
  if (kept) memcpy(buffer, readers[fd].kept, kept);
  ssize_t got = read(fd, buffer + kept, sizeof buffer - kept);
  if (got <= 0) {
    if (got < 0 && errno == EAGAIN) return;
    fprintf(stderr, "a socket was closed by the server\n");
    exit(3);
  }
  size_t total = kept + got, used = take_frames(fd, buffer, total);
  readers[fd].size = total - used;
  if (total - used) {
    readers[fd].kept = realloc(readers[fd].kept, total - used);
    memcpy(readers[fd].kept, buffer + used, total - used);
  }
  last_at = now_ns();
}

static int run_receiver(void) {
  int poll_fd = epoll_create1(0);
  struct epoll_event events[256], event = {.events = EPOLLIN, .data.fd = 0};
  long long wanted = -1, from = 0;
  static char input[1 << 22];
  size_t have = 0;
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, 0, &event);
  for (;;) {
    int count = epoll_wait(poll_fd, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd) {
        read_socket(fd);
        continue;
      }
      ssize_t got = read(0, input + have, sizeof input - have - 1);
      if (got <= 0) return 0;
      have += got;
      char *end;
      while ((end = memchr(input, '\n', have))) {
        long long first, second;
        *end = 0;
        if (sscanf(input, "socket %lld %lld", &first, &second) == 2) {
          readers[first].last = second;
          event.data.fd = (int)first;
          fcntl((int)first, F_SETFL, O_NONBLOCK);
          epoll_ctl(poll_fd, EPOLL_CTL_ADD, (int)first, &event);
        } else if (sscanf(input, "await %lld", &first) == 1) {
          wanted = first;
        }
        have -= end + 1 - input;
        memmove(input, end + 1, have);
      }
    }
    if (wanted >= 0 && received - from >= wanted) {
      printf("got %lld %lld %lld\n", received - from, last_at, wrong);
      fflush(stdout);
      from = received;
      wanted = -1;
    }
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "send")) return run_sender();
  return run_receiver();
}
