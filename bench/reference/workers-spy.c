/*
 * Preloaded into mupdate: when each thread is made, when it runs and when it ends, written to the file EVENTS.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MOST 100000
enum kind { IS_MADE, WAS_MADE, RUNS, ENDS };

/* As bench/workers.ts reads them. */
struct event { uint64_t ns; uint32_t thread; uint32_t kind; };
static struct { uint64_t count; uint64_t unused; struct event events[MOST]; } *file;

/* What a thread does, and its number. */
struct work { void *(*begin)(void *); void *with; uint32_t thread; };

static uint32_t made;
static pthread_key_t end;
static int (*real_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static void note(enum kind kind, uint32_t thread) {
  struct timespec t;
  if (file == 0) return;
  clock_gettime(CLOCK_MONOTONIC, &t);
  uint64_t i = __sync_fetch_and_add(&file->count, 1);
  if (i < MOST) file->events[i] = (struct event){t.tv_sec * 1000000000ull + t.tv_nsec, thread, kind};
}

static void ends(void *thread) { note(ENDS, (uintptr_t)thread); }

__attribute__((constructor)) static void start(void) {
  real_create = dlsym(RTLD_NEXT, "pthread_create");
  pthread_key_create(&end, ends);
  int fd = open(EVENTS, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || ftruncate(fd, sizeof *file) != 0) return;
  void *mapped = mmap(0, sizeof *file, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) file = mapped;
}

static void *run(void *given) {
  struct work work = *(struct work *)given;
  free(given);
  note(RUNS, work.thread);
  pthread_setspecific(end, (void *)(uintptr_t)work.thread);
  return work.begin(work.with);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*begin)(void *), void *with) {
  struct work *work = malloc(sizeof *work);
  uint32_t number = __sync_add_and_fetch(&made, 1);
  *work = (struct work){begin, with, number};
  note(IS_MADE, number);
  int failed = real_create(thread, attributes, run, work);
  note(WAS_MADE, number);
  return failed;
}
