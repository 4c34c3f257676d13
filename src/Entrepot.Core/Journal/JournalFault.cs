namespace Entrepot.Core.Journal;

/// <summary>Why a journal can't be used or proven.</summary>
public enum JournalFault
{
    /// <summary>It does not prove: an entry was changed, moved or taken away.</summary>
    Broken,

    /// <summary>There is no journal where one was looked for.</summary>
    Missing,

    /// <summary>A file is no export, no checkpoint or no public key of a journal.</summary>
    Malformed,
}
