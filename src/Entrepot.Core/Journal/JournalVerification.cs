using System.Text.Json.Serialization;

namespace Entrepot.Core.Journal;

/// <summary>What is wrong with a journal.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JournalFlaw>))]
public enum JournalFlaw
{
    /// <summary>An entry is not there.</summary>
    Missing,

    /// <summary>Something stands in the wrong place.</summary>
    Order,

    /// <summary>What the chain covers is not what was appended.</summary>
    Changed,

    /// <summary>Who did it, or what was done, is not what the chain covers.</summary>
    Content,

    /// <summary>The chain was made anew: it is not the one that was signed.</summary>
    Replaced,

    /// <summary>A checkpoint is not signed by the journal's key.</summary>
    Signature,

    /// <summary>The oldest entries are gone, and retention did not take them.</summary>
    Beginning,

    /// <summary>The newest entries are gone.</summary>
    Truncated,

    /// <summary>The journal's public key is not the expected one.</summary>
    Key,

    /// <summary>Pseudonyms stand where retention put none.</summary>
    Withheld,
}

/// <summary>Where a journal breaks first.</summary>
/// <param name="Sequence">The first entry that is not proven.</param>
/// <param name="Flaw">What is wrong.</param>
/// <param name="Message">The same for people.</param>
public sealed record JournalBreak(long Sequence, JournalFlaw Flaw, string Message);

/// <summary>What a pass over a journal found.</summary>
/// <param name="Journal">The journal's name, 64 hexadecimal digits.</param>
/// <param name="First">The oldest entry.</param>
/// <param name="Last">The newest entry that was proven; one less than <paramref name="First"/> when there is none.</param>
/// <param name="Checkpoints">How many signatures were checked.</param>
/// <param name="SignedUpTo">The newest entry that a checkpoint covers: what is after it is only chained. 0 when none is.</param>
/// <param name="SignedAt">When that checkpoint was signed.</param>
/// <param name="Opened">True when what the entries tell was opened and compared too, which needs the sealing key.</param>
/// <param name="Pseudonymised">How many entries tell pseudonyms instead of people.</param>
/// <param name="Break">Where it breaks; null when all is proven.</param>
public sealed record JournalVerification(
    string Journal, long First, long Last, int Checkpoints, long SignedUpTo, DateTimeOffset? SignedAt, bool Opened, long Pseudonymised, JournalBreak? Break)
{
    /// <summary>How many entries were proven.</summary>
    public long Entries => Last - First + 1;
}

/// <summary>How far a pass is.</summary>
/// <param name="Entries">Entries that were read.</param>
/// <param name="Total">Entries in all.</param>
public readonly record struct JournalProgress(long Entries, long Total);
