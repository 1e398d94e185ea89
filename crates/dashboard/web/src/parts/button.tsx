import { LoaderCircle } from 'lucide-react';
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { cx } from './class.ts';

export type Look = 'primary' | 'secondary' | 'ghost' | 'danger' | 'danger-quiet';

const looks: Record<Look, string> = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-strong border-transparent shadow-card',
  secondary: 'bg-surface text-ink border-line-strong hover:bg-hover shadow-card',
  ghost: 'bg-transparent text-ink-2 border-transparent hover:bg-hover hover:text-ink',
  danger: 'bg-[#bb2439] text-white border-transparent hover:bg-[#9e1a2e] shadow-card',
  'danger-quiet': 'bg-surface text-bad border-line-strong hover:bg-bad-soft shadow-card',
};

/** The classes of a button, for links that look like one. */
export function buttonClass(look: Look = 'secondary', size: 'sm' | 'md' = 'md', extra?: string): string {
  return cx(
    'inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap select-none transition-colors',
    'disabled:opacity-50 disabled:cursor-not-allowed aria-disabled:opacity-50',
    size === 'sm' ? 'h-7 px-2.5 text-xs' : 'h-8 px-3 text-sm',
    looks[look],
    extra,
  );
}

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  size?: 'sm' | 'md';
  /** Something is under way: the button waits and says so, and a second press does nothing. */
  busy?: boolean;
  icon?: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

export function Button(props: Props) {
  const { look, size, busy, icon, className, children, disabled, onClick, type = 'button', ...rest } = props;
  return (
    <button
      {...rest}
      type={type}
      disabled={disabled}
      // While it waits it does nothing, but keeps the focus, which a disabled button loses.
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
      className={buttonClass(look, size, className)}
    >
      {busy ? <LoaderCircle size={14} className="animate-spin" aria-hidden /> : icon}
      {children}
    </button>
  );
}

/** A button that shows only a picture; its name is for those who cannot see it, and a title for those who wonder. */
export function IconButton({ label, className, children, type = 'button', ...rest }: Props & { label: string }) {
  const { look: _, size: __, busy: ___, icon: ____, ...plain } = rest;
  return (
    <button
      {...plain}
      type={type}
      aria-label={label}
      title={label}
      className={cx(
        'inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-3 transition-colors hover:bg-hover hover:text-ink',
        className,
      )}
    >
      {children}
    </button>
  );
}
