using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Cli.Commands;
using Entrepot.Cli.Diagnosis;

namespace Entrepot.Cli.Rendering;

/// <summary>A fault on the command line.</summary>
/// <param name="Code">The fault's stable code, <c>feature/reason</c>.</param>
/// <param name="Kind">What it means to the caller.</param>
/// <param name="Message">What went wrong.</param>
/// <param name="Cure">What helps, or null.</param>
/// <param name="ExitCode">The process's exit code.</param>
internal sealed record FaultReport(string Code, string Kind, string Message, string? Cure, int ExitCode);

/// <summary>The documents that only commands write.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(FaultReport))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(VersionDocument))]
[JsonSerializable(typeof(ConfigReport))]
[JsonSerializable(typeof(PushReport))]
[JsonSerializable(typeof(PullReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(List<RulesetScript>))]
[JsonSerializable(typeof(PortfileReport))]
[JsonSerializable(typeof(PortMapReport))]
internal sealed partial class CliJson : JsonSerializerContext;
