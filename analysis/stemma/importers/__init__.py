"""Jobs from other programs' searches: `stemma new NAME --from FILE`.

Each importer gives (job, command_known, notes): the job as nested dicts, whether its command came with it, and
sentences about what could not be taken over.
"""
