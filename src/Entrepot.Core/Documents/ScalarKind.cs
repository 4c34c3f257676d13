using System.Text.RegularExpressions;

namespace Entrepot.Core.Documents;

/// <summary>What a value is to every YAML and JSON tool, whatever its reader expects.</summary>
[Flags]
public enum ScalarKind
{
    /// <summary>Nothing.</summary>
    Null = 1,

    /// <summary>True or false.</summary>
    Boolean = 2,

    /// <summary>A whole number.</summary>
    WholeNumber = 4,

    /// <summary>A number with a fraction or an exponent.</summary>
    Fraction = 8,

    /// <summary>Text.</summary>
    Text = 16,
}

/// <summary>Resolves values to their kind.</summary>
public static partial class ScalarKinds
{
    /// <summary>The kind of a value by the core schema (YAML 1.2.2 §10.3.2): what is in quotes is text, the rest by its looks.</summary>
    public static ScalarKind Kind(this DocumentScalar scalar) => scalar switch
    {
        { IsPlain: false } => ScalarKind.Text,
        { IsNull: true } => ScalarKind.Null,
        { Value: "true" or "True" or "TRUE" or "false" or "False" or "FALSE" } => ScalarKind.Boolean,
        _ when Whole().IsMatch(scalar.Value) => ScalarKind.WholeNumber,
        _ when Number().IsMatch(scalar.Value) => ScalarKind.Fraction,
        _ => ScalarKind.Text,
    };

    [GeneratedRegex(@"\A([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\z")]
    private static partial Regex Whole();

    [GeneratedRegex(@"\A([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z")]
    private static partial Regex Number();
}
