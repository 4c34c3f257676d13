namespace Entrepot.Server.Guard;

/// <summary>Why a port can't be guarded as it should.</summary>
public enum GuardFault
{
    /// <summary>No agent runs on this machine.</summary>
    NoAgent,
}
