namespace Entrepot.Ports.Firewalls.Rulesets;

/// <summary>Why a ruleset could not be read.</summary>
public enum RulesetFault
{
    /// <summary>The text is not what the program prints.</summary>
    Malformed,

    /// <summary>It refers to something that it does not contain.</summary>
    Incomplete,
}
