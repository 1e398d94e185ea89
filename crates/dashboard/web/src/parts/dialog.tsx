// Dialogs: focus goes in, stays in, and comes back; Escape closes unless something would be lost.
import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { FormEvent, ReactNode, RefObject } from 'react';
import { useWords } from '../words/words.tsx';
import { IconButton } from './button.tsx';
import { cx } from './class.ts';

interface Props {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  children?: ReactNode;
  footer?: ReactNode;
  size?: 'sm' | 'md' | 'lg' | 'xl';
  /** `side` slides in from the right and takes the whole height. */
  place?: 'middle' | 'side';
  /** Only a button in the dialog closes it. */
  insistent?: boolean;
  /** With it the dialog is a form. */
  onSubmit?: () => void;
  initialFocus?: RefObject<HTMLElement | null>;
}

const widths = { sm: 'max-w-md', md: 'max-w-xl', lg: 'max-w-3xl', xl: 'max-w-5xl' };

export function Dialog(props: Props) {
  const { open, onClose, title, description, children, footer, size = 'sm', place = 'middle', insistent } = props;
  const words = useWords();
  const submit = props.onSubmit;
  const inner = (
    <>
      <header className="shrink-0 px-5 pt-4 pb-3 pr-14">
        <Base.Title className="text-lg font-semibold tracking-tight text-ink">{title}</Base.Title>
        {description ? (
          <Base.Description render={<div />} className="mt-1 text-sm text-ink-2">
            {description}
          </Base.Description>
        ) : null}
      </header>
      {children ? <div className="scroll-quiet min-h-0 flex-1 overflow-y-auto px-5 pt-1 pb-5">{children}</div> : null}
      {footer ? (
        <footer className="flex shrink-0 flex-wrap items-center justify-end gap-2 border-t border-line bg-canvas/60 px-5 py-3">
          {footer}
        </footer>
      ) : null}
      {insistent ? null : (
        <IconButton label={words.action.close} onClick={onClose} className="absolute top-3 right-3">
          <X size={16} aria-hidden />
        </IconButton>
      )}
    </>
  );
  const box = cx(
    'relative flex max-h-full w-full flex-col overflow-hidden border border-line bg-raised text-ink shadow-raised outline-none',
    place === 'side' ? 'sheet-box h-full sm:rounded-l-xl border-y-0 border-r-0' : 'dialog-box rounded-xl',
    widths[size],
  );
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={insistent ?? false}
      onOpenChange={(next, details) => {
        if (next) return;
        if (insistent && details.reason !== 'close-press') return;
        onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="dialog-veil fixed inset-0 z-40 bg-[var(--veil)]" />
        <Base.Viewport
          className={cx(
            'fixed inset-0 z-50 flex',
            place === 'side' ? 'justify-end' : 'items-center justify-center p-3 sm:p-6',
          )}
        >
          <Base.Popup className={box} {...(props.initialFocus ? { initialFocus: props.initialFocus } : {})}>
            {submit ? (
              <form
                noValidate
                className="flex min-h-0 flex-1 flex-col"
                onSubmit={(event: FormEvent) => {
                  event.preventDefault();
                  event.stopPropagation();
                  submit();
                }}
              >
                {inner}
              </form>
            ) : (
              inner
            )}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
