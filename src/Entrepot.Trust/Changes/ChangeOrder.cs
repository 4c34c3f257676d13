using Entrepot.Core.Identities;

namespace Entrepot.Trust.Changes;

/// <summary>For how long what is asked and given holds.</summary>
/// <param name="Proposal">How long a proposal can be approved.</param>
/// <param name="Approval">How long an approval holds.</param>
/// <param name="Review">Within which time another person looks at what was applied without approval.</param>
public sealed record ChangeTerms(TimeSpan Proposal, TimeSpan Approval, TimeSpan Review);

/// <summary>Who does something with a change.</summary>
/// <param name="Principal">As the journal names it, without an address.</param>
/// <param name="Persons">Names of everybody whom that may be.</param>
/// <param name="Actor">As the journal names it.</param>
public sealed record ChangeActor(string Principal, IReadOnlySet<string> Persons, string Actor);

/// <summary>The documents of a change.</summary>
/// <param name="Base">The document that it was made from.</param>
/// <param name="Content">Exactly what is applied.</param>
/// <param name="Effect">What that does, as JSON.</param>
public sealed record ChangeBytes(byte[] Base, byte[] Content, string Effect);

/// <summary>A document that is changed by approved changes only, as it was approved last.</summary>
/// <param name="Digest">SHA-256 of it.</param>
/// <param name="Bytes">The document.</param>
/// <param name="Change">By which change; null for what was found when approval was first asked for.</param>
/// <param name="At">Since when, UTC.</param>
public sealed record AcceptedDocument(Sha256Digest Digest, byte[] Bytes, long? Change, DateTimeOffset At);
