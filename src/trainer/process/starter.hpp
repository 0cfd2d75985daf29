#pragma once
// Starts programs through a helper process, which is forked before the launcher's library is initialised (a fork after
// MPI_Init may break a network's registered memory) and before there are threads.

#include <cstdint>
#include <string>
#include <vector>

#include "platform/launch.hpp"
#include "trainer/process/descriptor.hpp"

namespace stemma {

struct ChildCommand {
    std::vector<std::string> words;  ///< the first one is looked up in this process's PATH
    Environment environment;
    std::string scratch;  ///< a folder that is removed when this process has ended, however it ends; "" = none
};

/// What the helper says of a program that it started.
struct HelperNote {
    enum class Kind : std::int32_t { started = 1, refused = 2, ended = 3 };
    Kind kind = Kind::started;
    std::int32_t value = 0;   ///< process id; errno; status as waitpid gives it
    std::int32_t keeper = 0;  ///< started: the process above it
};

/// A running program. Destroying `life` makes its keeper kill it with all that it started.
struct StartedChild {
    int pid = 0;
    int keeper = 0;     ///< all that it started descends from this process, whatever becomes of those between
    Descriptor to;      ///< its descriptor child_read_descriptor reads from here
    Descriptor from;    ///< what it writes to child_write_descriptor
    Descriptor output;  ///< its standard output and error
    Descriptor life;    ///< becomes readable (a HelperNote) when it has ended
};

/// The helper, which forks a keeper for each program. A keeper adopts what its program leaves behind, in sessions of
/// their own as well, and kills it all when the program has ended, or this process in whatever way. The helper removes
/// the scratch folders when this process has ended.
class ChildStarter {
public:
    /// Forks: from a process without threads if possible. Throws UserError if the system lets it not.
    ChildStarter();
    /// Kills what still runs and waits for the helper.
    ~ChildStarter();
    ChildStarter(const ChildStarter&) = delete;
    ChildStarter& operator=(const ChildStarter&) = delete;

    /// Any thread. Throws std::system_error with the reason why the program could not be started.
    StartedChild start(const ChildCommand& command);

private:
    Descriptor control_;
    int helper_ = 0;
};

namespace detail {

/// The helper's end of `control`; returns when the other end is closed and all programs are dead.
void run_helper(int control);

/// Of a request: descriptors beside it, in this order.
enum RequestDescriptor { request_text, child_reads, child_writes, child_output, child_life, request_descriptors };

}  // namespace detail

}  // namespace stemma
