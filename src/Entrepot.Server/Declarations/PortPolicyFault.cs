namespace Entrepot.Server.Declarations;

/// <summary>Why settings and portfile don't go together.</summary>
public enum PortPolicyFault
{
    /// <summary>Ports should rotate where dynamic ports are forbidden.</summary>
    RotationForbidden,
}
