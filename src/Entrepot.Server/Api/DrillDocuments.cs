using System.Text.Json.Serialization;

namespace Entrepot.Server.Api;

/// <summary>Asks for a drill.</summary>
/// <param name="Rounds">How often it is to be gone through, where it has rounds; null for its usual number.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record DrillRequest(int? Rounds = null);

/// <summary>One step of a drill.</summary>
/// <param name="Text">What should happen.</param>
/// <param name="Passed">True when it did.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Detail">What was seen.</param>
public sealed record DrillStep(string Text, bool Passed, double Seconds, string Detail);

/// <summary>What a drill came to. It is in the journal as well.</summary>
/// <param name="Drill">Its name.</param>
/// <param name="Passed">True when every step did.</param>
/// <param name="Began">When, UTC.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Steps">The steps that were gone through; a failed one is the last.</param>
public sealed record DrillDocument(string Drill, bool Passed, DateTimeOffset Began, double Seconds, IReadOnlyList<DrillStep> Steps);
