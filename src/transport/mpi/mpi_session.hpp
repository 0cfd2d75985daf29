#pragma once
#include <memory>
#include <string>

namespace stemma {

/// MPI from MPI_Init_thread (MPI_THREAD_FUNNELED) to MPI_Finalize. One session at a time, made in main(). All MPI calls
/// come from the thread that made the session. Throws UserError where the MPI library does not offer
/// MPI_THREAD_FUNNELED.
class MpiSession {
public:
    MpiSession(int& argc, char**& argv);
    /// MPI_Finalize: waits for every other rank to do the same.
    ~MpiSession();
    MpiSession(const MpiSession&) = delete;
    MpiSession& operator=(const MpiSession&) = delete;

    int rank() const;
    int size() const;
    std::string host() const;     ///< MPI_Get_processor_name
    std::string library() const;  ///< first line of MPI_Get_library_version

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace stemma
