using System.Collections.Immutable;

namespace Entrepot.Ports.Firewalls;

/// <summary>A call of a packet filter's program, as data: made by a target, run by whoever has the privilege.</summary>
/// <param name="Program">Name of the program, without a folder.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Input">What it reads.</param>
public sealed record FirewallCommand(string Program, ImmutableArray<string> Arguments, string Input = "");

/// <summary>What a program answered.</summary>
/// <param name="ExitCode">0 for success.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its error output.</param>
public sealed record FirewallAnswer(int ExitCode, string Output, string Error);
