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
    std::int32_t value = 0;  ///< process id; errno; status as waitpid gives it
};

/// A running program. Destroying `life` makes the helper kill its whole process group.
struct StartedChild {
    int pid = 0;
    Descriptor to;      ///< its descriptor child_read_descriptor reads from here
    Descriptor from;    ///< what it writes to child_write_descriptor
    Descriptor output;  ///< its standard output and error
    Descriptor life;    ///< becomes readable (a HelperNote) when it has ended
};

/// The helper. Programs are leaders of process groups of their own and get SIGKILL when the helper ends; the helper
/// ends, killing all groups and removing the scratch folders, when this process ends in whatever way.
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
