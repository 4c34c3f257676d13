using System.Text.Json.Serialization;
using Entrepot.Core.Identities;

namespace Entrepot.Server.Api;

/// <summary>A document as it is in force.</summary>
/// <param name="Document"><c>portfile</c> or <c>mirrors</c>.</param>
/// <param name="NeedsApproval">True when it is changed by approved changes only.</param>
/// <param name="Digest">SHA-256 of it.</param>
/// <param name="Bytes">The document, as base64.</param>
public sealed record CurrentDocument(string Document, bool NeedsApproval, Sha256Digest Digest, byte[] Bytes);

/// <summary>Proposes a change.</summary>
/// <param name="Document"><c>portfile</c> or <c>mirrors</c>.</param>
/// <param name="Bytes">What the document is to be, as base64; at most 1 MiB.</param>
/// <param name="Reason">Why, in one line of at most 1000 characters.</param>
/// <param name="File">How errors name the file; null for the document's own name.</param>
/// <param name="DryRun">True to only say what it would do.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ProposeChangeRequest(
    [property: JsonRequired] string Document, [property: JsonRequired] byte[] Bytes, [property: JsonRequired] string Reason, string? File = null, bool DryRun = false);

/// <summary>Approves a change, or reviews one.</summary>
/// <param name="Code">A code that the app of the person who is signed in shows, not used before.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ProveChangeRequest([property: JsonRequired] string Code);

/// <summary>Rejects a change.</summary>
/// <param name="Reason">Why, in one line of at most 1000 characters.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RejectChangeRequest([property: JsonRequired] string Reason);

/// <summary>Applies a change.</summary>
/// <param name="BreakGlass">Why it can't wait for approval; null to apply what is approved.</param>
/// <param name="DryRun">True to only say what it would do.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ApplyChangeRequest(string? BreakGlass = null, bool DryRun = false);

/// <summary>One thing that a change does.</summary>
/// <param name="Weight"><c>note</c>, <c>attention</c> or <c>danger</c>.</param>
/// <param name="Subject">To what.</param>
/// <param name="Text">What, as the rest of a sentence that begins with the subject.</param>
public sealed record EffectDocument(string Weight, string Subject, string Text);

/// <summary>What a person signed, for whoever wants to verify it.</summary>
/// <param name="By">Who.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Until">Until when it holds, UTC; null for a review.</param>
/// <param name="Statement">The signed text; its UTF-8 bytes are what is signed.</param>
/// <param name="Signature">Ed25519 (RFC 8032), as base64.</param>
/// <param name="PublicKey">Of the origin's key for changes, as PEM.</param>
public sealed record SignedDocument(string By, DateTimeOffset At, DateTimeOffset? Until, string Statement, byte[] Signature, string PublicKey);

/// <summary>Who did something with a change.</summary>
/// <param name="By">Who.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Why">Why, or null.</param>
public sealed record ChangeStepDocument(string By, DateTimeOffset At, string? Why);

/// <summary>That a change was applied without approval.</summary>
/// <param name="Why">Why it could not wait.</param>
/// <param name="ReviewDue">Until when another person looks at it, UTC.</param>
/// <param name="Overdue">True when nobody has, and the time is over.</param>
public sealed record BreakGlassDocument(string Why, DateTimeOffset ReviewDue, bool Overdue);

/// <summary>A proposed edit of a document with its life so far.</summary>
/// <param name="Id">Its number; 0 for one that was not kept.</param>
/// <param name="Document"><c>portfile</c> or <c>mirrors</c>.</param>
/// <param name="State"><c>proposed</c>, <c>approved</c>, <c>applying</c>, <c>applied</c>, <c>rejected</c>, <c>expired</c> or <c>superseded</c>.</param>
/// <param name="Proposer">Who asked.</param>
/// <param name="Reason">Why.</param>
/// <param name="ProposedAt">When, UTC.</param>
/// <param name="ExpiresAt">Until when it can be approved, UTC.</param>
/// <param name="Base">SHA-256 of the document that it was made from.</param>
/// <param name="Content">SHA-256 of exactly what is applied.</param>
/// <param name="NeedsApproval">True when its document is changed by approved changes only.</param>
public sealed record ChangeDocument(
    long Id, string Document, string State, string Proposer, string Reason, DateTimeOffset ProposedAt, DateTimeOffset ExpiresAt, Sha256Digest Base, Sha256Digest Content,
    bool NeedsApproval)
{
    /// <summary>False when the document became another one meanwhile; null for a change that is at an end.</summary>
    public bool? BaseIsCurrent { get; init; }

    /// <summary>The approval.</summary>
    public SignedDocument? Approval { get; init; }

    /// <summary>How it ended without being applied.</summary>
    public ChangeStepDocument? End { get; init; }

    /// <summary>Who applied it.</summary>
    public ChangeStepDocument? Application { get; init; }

    /// <summary>That nobody approved it before.</summary>
    public BreakGlassDocument? BreakGlass { get; init; }

    /// <summary>The later look at it.</summary>
    public SignedDocument? Review { get; init; }

    /// <summary>What it changes, as a unified diff; not in lists.</summary>
    public string? Diff { get; init; }

    /// <summary>What it does, the gravest first; not in lists. Of an open change it is computed when it is asked for.</summary>
    public IReadOnlyList<EffectDocument>? Effects { get; init; }

    /// <summary>Exactly what is applied, as base64; not in lists.</summary>
    public byte[]? Bytes { get; init; }
}

/// <summary>Changes, and what somebody should look at.</summary>
/// <param name="Warnings">What is loud: reviews that are owed, a portfile on disk that nobody approved.</param>
/// <param name="NeedApproval">Documents that are changed by approved changes only.</param>
/// <param name="Changes">Newest first.</param>
public sealed record ChangeListDocument(IReadOnlyList<string> Warnings, IReadOnlyList<string> NeedApproval, IReadOnlyList<ChangeDocument> Changes);
