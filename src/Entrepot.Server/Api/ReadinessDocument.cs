namespace Entrepot.Server.Api;

/// <summary>Whether a node can do its work: <c>/readyz</c>.</summary>
/// <param name="Ready">True when every check is passed.</param>
/// <param name="Checks">What was looked at.</param>
public sealed record ReadinessDocument(bool Ready, IReadOnlyList<ReadinessItem> Checks);

/// <summary>One check.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Ok">True when it is as it should be.</param>
/// <param name="Detail">What is wrong, or null.</param>
public sealed record ReadinessItem(string Name, bool Ok, string? Detail);
