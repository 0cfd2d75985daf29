#pragma once
// Starts programs through a helper process. The helper is forked before there are threads, and before the launcher's
// library is initialized: a fork after MPI_Init may break a network's registered memory.

#include <cstdint>
#include <string>
#include <vector>

#include "platform/descriptor.hpp"
#include "platform/launch.hpp"

namespace stemma {

struct ChildCommand {
    std::vector<std::string> words;  ///< the first word is looked up in this process's PATH
    Environment environment;
    std::string scratch;  ///< a folder that is removed when this process has ended, for any reason; "" = none
};

/// What the helper says of a program that it started.
struct HelperNote {
    enum class Kind : std::int32_t { started = 1, refused = 2, ended = 3 };
    Kind kind = Kind::started;
    std::int32_t value = 0;   ///< process id; errno; status as waitpid gives it
    std::int32_t keeper = 0;  ///< kind started: the process above it
};

/// A running program. When `life` is destroyed, the keeper kills the program with all that it started.
struct StartedChild {
    int pid = 0;
    int keeper = 0;     ///< ancestor of all that it started, whichever processes between them die
    Descriptor to;      ///< its descriptor child_read_descriptor reads from here
    Descriptor from;    ///< what it writes to child_write_descriptor
    Descriptor output;  ///< its standard output and error
    Descriptor life;    ///< becomes readable (a HelperNote) when it has ended
};

/// The helper, which forks a keeper for each program. A keeper adopts all processes that its program leaves behind,
/// even in sessions of their own. It kills them all when the program has ended, or when this process has ended for any
/// reason. The helper removes the scratch folders when this process has ended.
class ChildStarter {
public:
    /// Forks; call it from a process without threads if possible. Throws UserError if the system refuses.
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

/// The helper's end of `control`. Returns when the other end is closed and all programs are dead.
void run_helper(int control);

/// The descriptors beside a request, in this order.
enum RequestDescriptor { request_text, child_reads, child_writes, child_output, child_life, request_descriptors };

}  // namespace detail

}  // namespace stemma
