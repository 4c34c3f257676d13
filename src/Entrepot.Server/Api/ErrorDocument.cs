namespace Entrepot.Server.Api;

/// <summary>One of several errors in a problem document's <c>errors</c>.</summary>
/// <param name="Code">The fault's stable code, <c>feature/reason</c>.</param>
/// <param name="Detail">One sentence.</param>
/// <param name="Cure">What the caller can do, or null.</param>
public sealed record ErrorDocument(string Code, string Detail, string? Cure);
