using Entrepot.Core.Identities;

namespace Entrepot.Trust.Changes;

/// <summary>Documents that are changed by changes.</summary>
public enum ChangedDocument
{
    /// <summary>The declaration of ports.</summary>
    Portfile,

    /// <summary>The settings of all mirrors.</summary>
    Mirrors,
}

/// <summary>Where a change is in its life.</summary>
public enum ChangeState
{
    /// <summary>Somebody asks for it.</summary>
    Proposed,

    /// <summary>Another person has approved it.</summary>
    Approved,

    /// <summary>It is decided that it is applied, and not yet done.</summary>
    Applying,

    /// <summary>It is in force.</summary>
    Applied,

    /// <summary>Another person has refused it.</summary>
    Rejected,

    /// <summary>Its time, or that of its approval, was over first.</summary>
    Expired,

    /// <summary>The document became another one first.</summary>
    Superseded,
}

/// <summary>A text and what proves who wrote it.</summary>
/// <param name="Statement">The signed text, see <see cref="ChangeStatement"/>.</param>
/// <param name="Signature">Ed25519 over its UTF-8 bytes; 64 bytes.</param>
public sealed record SignedStatement(string Statement, byte[] Signature);

/// <summary>An approval.</summary>
/// <param name="By">The principal, <c>user:NAME</c>.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Until">The first moment at which it does not hold any more, UTC.</param>
/// <param name="Proof">What was signed.</param>
public sealed record ChangeApproval(string By, DateTimeOffset At, DateTimeOffset Until, SignedStatement Proof);

/// <summary>How a change ended without being applied.</summary>
/// <param name="By">Who ended it.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Why">Why.</param>
public sealed record ChangeEnd(string By, DateTimeOffset At, string Why);

/// <summary>That a change was applied, or is being.</summary>
/// <param name="By">Who applied it.</param>
/// <param name="At">When it was decided, UTC.</param>
public sealed record ChangeApplication(string By, DateTimeOffset At);

/// <summary>That a change was applied without approval.</summary>
/// <param name="Why">Why it could not wait.</param>
/// <param name="Persons">Names of everybody whom the one who did it may be.</param>
/// <param name="ReviewDue">Until when another person has to look at it, UTC.</param>
public sealed record BrokenGlass(string Why, IReadOnlySet<string> Persons, DateTimeOffset ReviewDue);

/// <summary>A later look at what was applied without approval.</summary>
/// <param name="By">The principal, <c>user:NAME</c>.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Proof">What was signed.</param>
public sealed record ChangeReview(string By, DateTimeOffset At, SignedStatement Proof);

/// <summary>A proposed edit of a document with its life so far.</summary>
/// <param name="Id">Its number, from 1; 0 before it is stored.</param>
/// <param name="Document">The document.</param>
/// <param name="Base">SHA-256 of the document that it was made from.</param>
/// <param name="Content">SHA-256 of exactly what would be applied.</param>
/// <param name="Proposer">The principal that proposed it: <c>user:NAME</c>, <c>token:NAME</c>, <c>operator</c>.</param>
/// <param name="Persons">Names of everybody whom that may be: the account, the token's name, the account that had the token made.</param>
/// <param name="Reason">Why, for whoever approves it.</param>
/// <param name="ProposedAt">When, UTC.</param>
/// <param name="ExpiresAt">The first moment at which it can't be approved any more, UTC.</param>
public sealed record Change(
    long Id, ChangedDocument Document, Sha256Digest Base, Sha256Digest Content, string Proposer, IReadOnlySet<string> Persons, string Reason,
    DateTimeOffset ProposedAt, DateTimeOffset ExpiresAt)
{
    /// <summary>The state as it was written last; see <see cref="StateAt"/>.</summary>
    public ChangeState State { get; init; }

    /// <summary>The approval, or null.</summary>
    public ChangeApproval? Approval { get; init; }

    /// <summary>How it ended without being applied, or null.</summary>
    public ChangeEnd? End { get; init; }

    /// <summary>That it was applied, or null.</summary>
    public ChangeApplication? Application { get; init; }

    /// <summary>That nobody approved it before, or null.</summary>
    public BrokenGlass? Glass { get; init; }

    /// <summary>The later look at it, or null.</summary>
    public ChangeReview? Review { get; init; }

    /// <summary>True when it was applied without approval and nobody has looked at it since.</summary>
    public bool OwesReview => Glass is not null && Review is null;

    /// <summary>The state at a moment: an approval ends by itself.</summary>
    public ChangeState StateAt(DateTimeOffset now) => State switch
    {
        ChangeState.Proposed when now >= ExpiresAt => ChangeState.Expired,
        ChangeState.Approved when now >= Approval!.Until => ChangeState.Expired,
        _ => State,
    };

    /// <summary>True while it can still be approved or applied.</summary>
    public bool IsOpenAt(DateTimeOffset now) => StateAt(now) is ChangeState.Proposed or ChangeState.Approved or ChangeState.Applying;
}
