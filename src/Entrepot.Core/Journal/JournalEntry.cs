namespace Entrepot.Core.Journal;

/// <summary>One entry of the journal: something that changed, or was read under audit.</summary>
/// <param name="At">When, in UTC; kept in milliseconds.</param>
/// <param name="By">Who, and from where.</param>
/// <param name="Action">What, as <c>noun.verb</c>: <c>snapshot.publish</c>, <c>lease.grant</c>; at most 65,535 bytes of UTF-8.</param>
/// <param name="Subject">To what: a mirror, a digest, a port.</param>
/// <param name="Details">The rest, as a JSON object; never a secret.</param>
public sealed record JournalEntry(DateTimeOffset At, JournalActor By, string Action, string Subject, string Details)
{
    /// <summary>An entry not yet appended.</summary>
    /// <param name="at">When.</param>
    /// <param name="actor">Who and from where, as <see cref="JournalActor.Parse"/> reads it.</param>
    /// <param name="action">What.</param>
    /// <param name="subject">To what.</param>
    /// <param name="details">The rest, as a JSON object.</param>
    public JournalEntry(DateTimeOffset at, string actor, string action, string subject, string details = "{}")
        : this(at, JournalActor.Parse(actor), action, subject, details)
    {
    }

    /// <summary>Who and from where, in one word.</summary>
    public string Actor => By.ToString();

    /// <summary>Position, counted from 1 without gaps; 0 before it is appended.</summary>
    public long Sequence { get; init; }

    /// <summary>How it ended.</summary>
    public JournalResult Result { get; init; }

    /// <summary>What was there before, as JSON; null where nothing was, or where it says nothing.</summary>
    public string? Before { get; init; }

    /// <summary>What is there since, as JSON; null where nothing is, or where it says nothing.</summary>
    public string? After { get; init; }

    /// <summary>True when its time as personal data has ended, and pseudonyms stand where people and addresses were.</summary>
    public bool IsPseudonymised { get; init; }
}
