// A question before something is done: what follows from it, what it needs, and what went wrong.
import type { ReactNode } from 'react';
import { useWords } from '../words/words.tsx';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { ProblemNotice } from './show.tsx';

export function Question(props: {
  title: string;
  lead?: ReactNode;
  /** What the button says that does it. */
  act: string;
  /** What is done cannot be undone, or takes something away. */
  danger?: boolean;
  size?: 'sm' | 'md';
  /** Something is still to be filled in. */
  missing?: boolean;
  busy: boolean;
  error?: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children?: ReactNode;
}) {
  const words = useWords();
  return (
    <Dialog
      open
      size={props.size ?? 'sm'}
      onClose={props.onClose}
      title={props.title}
      description={props.lead}
      onSubmit={props.onSubmit}
      footer={
        <>
          <Button onClick={props.onClose}>{words.action.cancel}</Button>
          <Button
            type="submit"
            look={props.danger ? 'danger' : 'primary'}
            busy={props.busy}
            disabled={props.missing ?? false}
          >
            {props.act}
          </Button>
        </>
      }
    >
      {props.children || props.error ? (
        <div className="grid grid-cols-1 gap-4">
          {props.error ? <ProblemNotice error={props.error} /> : null}
          {props.children}
        </div>
      ) : null}
    </Dialog>
  );
}
